#!/usr/bin/env bash
# One archive of programs, libraries and a launcher, for machines with PyTorch's wheel and without Bazel.
#
#   ./tools/bazel run //:dist -- FILE.tar.gz
#
# There: tar -xzf FILE.tar.gz, and  sid-VERSION-COMMIT/sid train --help
set -euo pipefail
[[ $# == 1 && $1 != -* ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
cd "${SID_CALLERS_FOLDER:-${BUILD_WORKING_DIRECTORY:-$PWD}}"
mkdir -p "$(dirname "$1")"
file=$(cd "$(dirname "$1")" && pwd)/${1##*/}
cd "$OLDPWD"
# shellcheck source=tools/pack.sh
source tools/pack.sh

programs=(train/train bench/bench)
name=$(train/train --version | sed 's/^train /sid-/; s/, commit /-/')
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
mkdir "$folder/$name"
for program in "${programs[@]}"; do pack_program "$program" "$folder/$name/${program##*/}"; done
cp -L tools/pack.sh tools/load_weights.py README.md LICENSE NOTICE "$folder/$name/"
cp -L tools/sid_launcher "$folder/$name/sid"
sed -n 's/^torch==//p' third_party/python/requirements.in >"$folder/$name/torch_version"
chmod -R u+w "$folder/$name"
tar -C "$folder" --sort=name --owner=0 --group=0 -czf "$file" "$name"
printf 'dist: %s, %s; in it  %s/sid train  trains\n' "$file" "$(du -h "$file" | cut -f1)" "$name"
