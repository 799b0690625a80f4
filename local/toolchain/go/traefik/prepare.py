"""Copies lego, Traefik's ACME client, to lego/ without its DNS providers: the local platform asks nobody for certificates.

They are the software kits of a hundred and fifty DNS services, more than all else that Traefik is built from.
"""

import shutil
import sys
from pathlib import Path

NO_PROVIDERS = """// Package dns stands in place of lego's own.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v4/challenge"
)

// NewDNSChallengeProviderByName knows no provider.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("this Traefik was built without the DNS providers of ACME, %q among them", name)
}
"""


def main(work: Path, source: Path) -> None:
    lego = work / "lego"
    shutil.rmtree(lego, ignore_errors=True)
    unwanted = shutil.ignore_patterns("providers", "cmd", "e2e", "*_test.go")
    shutil.copytree(source, lego, ignore=unwanted, copy_function=shutil.copyfile)
    providers = lego / "providers" / "dns"
    providers.mkdir(parents=True)
    (providers / "providers.go").write_text(NO_PROVIDERS)


main(Path(sys.argv[1]), Path(sys.argv[3]))
