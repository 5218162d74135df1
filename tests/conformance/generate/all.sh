#!/bin/sh
# Makes tests/conformance/vectors anew. The result must be what is committed, byte for byte.
set -eu
cd "$(dirname "$0")"
rm -rf ../vectors
npm install --no-package-lock --silent
python3 -m venv node_modules/.python
node_modules/.python/bin/pip install --quiet -r requirements.txt
node_modules/.python/bin/python bls12381_pop.py
node_modules/.python/bin/python bn254.py
node bls12381_noble.mjs
node second_opinion.mjs
test -z "$(git status --porcelain -- ../vectors)"
