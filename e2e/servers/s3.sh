#!/usr/bin/env bash
# s3.sh   versitygw, an S3 server over plain files, with one bucket. Needs prepare.sh.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"
mkdir -p "$DATA/s3/$BUCKET" # a bucket is a folder
t0=$(now)
launch s3 "127.0.0.1:$S3_PORT" "ROOT_ACCESS_KEY=$E2E_S3_KEY" "ROOT_SECRET_KEY=$E2E_S3_SECRET" -- \
  "$CACHE/bin/versitygw-$VERSITYGW_VERSION" --port "127.0.0.1:$S3_PORT" --region us-east-1 posix "$DATA/s3"
await s3 30 port_open 127.0.0.1 "$S3_PORT"
say "S3 up in $(since "$t0") s"
