#!/bin/bash
# Writes gen/ anew. `make generate` puts the pinned plugins on PATH.
set -euo pipefail
cd "$(dirname "$0")"

public=(actionplane/v1 zitadel dynamic)
internal=()
for dir in actionplane/*/v1; do
	internal+=(--path "$dir")
done

rm -rf gen
buf generate --template buf.gen.internal.yaml "${internal[@]}"
buf generate --template buf.gen.public.yaml "${public[@]/#/--path=}"
