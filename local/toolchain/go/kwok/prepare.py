"""Copies kwok to kwok/ without a check of an annotation that Kubernetes 1.34, whose libraries all programs share, knows no more."""

import shutil
import sys
from pathlib import Path

GONE = """					base64EncodedInitialEventsListBlueprint := meta.GetAnnotations()[metav1.InitialEventsListBlueprintAnnotationKey]
					if len(base64EncodedInitialEventsListBlueprint) == 0 {
						return fmt.Errorf("%q annotation is missing content", metav1.InitialEventsListBlueprintAnnotationKey)
					}
"""


def main(work: Path, source: Path) -> None:
    copy = work / "kwok"
    shutil.rmtree(copy, ignore_errors=True)
    unused = shutil.ignore_patterns("*_test.go", "demo", "test")
    shutil.copytree(source, copy, ignore=unused, copy_function=shutil.copyfile)
    informer = copy / "pkg/utils/informer/informer.go"
    before, found, after = informer.read_text().partition(GONE)
    if not found:
        sys.exit(f"{informer} is not as it was: look at what changed")
    informer.write_text(before + after)


main(Path(sys.argv[1]), Path(sys.argv[3]))
