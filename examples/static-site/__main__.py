"""A static site: the files of public/ in a private bucket that only CloudFront reads."""

import mimetypes
from pathlib import Path

import pulumi
import pulumi_aws as aws

from slipway import Cdn

site = Cdn("site", {"kind": "static", "removal": "destroy"})
public = Path("public")
for file in sorted(path for path in public.rglob("*") if path.is_file()):
    key = file.relative_to(public).as_posix()
    aws.s3.BucketObjectv2(
        key,
        bucket=site.bucket_name,
        key=key,
        source=pulumi.FileAsset(str(file)),
        content_type=mimetypes.guess_type(key)[0],
    )
pulumi.export("url", site.url)
