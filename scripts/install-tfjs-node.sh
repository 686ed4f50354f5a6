#!/usr/bin/env bash
# Puts a working @tensorflow/tfjs-node, and with it tfjs's backend `tensorflow` on the CPU, into a project's node_modules.
#
# Its own install script downloads a binding and a library from a host of its own, which not every network lets through, and
# for Node 20 and later there is no binding to download. Here TensorFlow's library comes out of a Python wheel and the binding
# is compiled: package registries suffice. Linux on x86-64; needs npm, python3 with pip, and g++ 9 or later.
#
# The first time it downloads 232 MB and keeps 600 MB in the user's cache; after that it takes 10 seconds, and 2 where all is in
# place. Nothing is written to package.json.
#
#   scripts/install-tfjs-node.sh [PROJECT]        the current directory, when left out
#   TFJS_NODE_CACHE=DIRECTORY                     where TensorFlow's library is kept
#
# On Node 23 and later a program that uses it begins with the shim of docs/tfjs.md.
set -euo pipefail
cd "${1:-.}"

tfjs=4.22.0
# tfjs-node asks for 2.9.1, whose library cannot be loaded without Python; 2.12 is the first that has all in one of C++.
tensorflow=2.12.0
cache=${TFJS_NODE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libtensorflow-$tensorflow}
node=node_modules/@tensorflow/tfjs-node
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf 'install-tfjs-node: %s\n' "$1" >&2; }
again() { "$@" || { say "once more: $1"; sleep 3; "$@"; }; }

multiplies() {
  TF_CPP_MIN_LOG_LEVEL=3 node -e "
    const util = require('util');
    util.isNullOrUndefined ??= (value) => value == null;
    util.isArray ??= Array.isArray;
    const tf = require('@tensorflow/tfjs-node');
    const product = tf.matMul([[1, 2], [3, 4]], [[5, 6], [7, 8]]).arraySync().join(' ');
    if (tf.getBackend() !== 'tensorflow' || product !== '19,22 43,50') throw new Error(tf.getBackend() + ' ' + product);"
}

# Chained, since a function that is tried again does not stop at an error by itself.
fetch_library() {
  mkdir -p "$cache" &&
    python3 -m pip download -q --no-deps --only-binary=:all: --implementation cp --python-version 3.11 \
      --platform manylinux_2_17_x86_64 -d "$scratch" "tensorflow-cpu==$tensorflow" &&
    python3 -c '
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
wanted = ("tensorflow/libtensorflow_", "tensorflow/include/tensorflow/")
wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(wanted)])' "$scratch"/*.whl "$cache" &&
    touch "$cache/done"
}

# --save-dev beside --no-save: otherwise npm passes over, without a word, a package that is an optional peer.
fetch_packages() {
  npm install --no-save --save-dev --ignore-scripts --no-audit --no-fund --loglevel=error \
    "@tensorflow/tfjs-node@$tfjs" node-api-headers@1 >&2
}

if multiplies 2>/dev/null; then exit 0; fi
for tool in npm python3 g++; do command -v "$tool" >/dev/null || { say "needs $tool"; exit 1; }; done

library=
if ! [ -e "$cache/done" ]; then
  again fetch_library &
  library=$!
fi
again fetch_packages
[ -z "$library" ] || wait "$library"

mkdir -p "$node/lib/napi-v8" "$node/deps/lib"
ln -sf "$cache"/tensorflow/libtensorflow_{cc,framework}.so.2 "$node/deps/lib/"
g++ -O1 -std=c++17 -fPIC -shared -DNAPI_VERSION=8 -Inode_modules/node-api-headers/include -I"$cache/tensorflow/include" \
  "$node"/binding/*.cc "$node"/deps/lib/*.so.2 -Wl,-rpath,'$ORIGIN/../../deps/lib' -o "$node/lib/napi-v8/tfjs_binding.node"
multiplies
