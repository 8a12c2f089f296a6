#!/usr/bin/env bash
# The archive of //:dist, unpacked elsewhere: its programs find their libraries in it and in the wheel, and say which commit they are.
set -euo pipefail
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }
world=$(mktemp -d "${TEST_TMPDIR:-/tmp}/a world.XXXX")
# Where the wheels lie, as a user's SID_SITE_PACKAGES says.
site=$(readlink -f ../wheels/python/safetensors/__init__.py)
export SID_SITE_PACKAGES=${site%/safetensors/*}

tools/dist "$world/new folder/sid.tar.gz"
mkdir "$world/there"
tar -C "$world/there" -xzf "$world/new folder/sid.tar.gz"
folder=$(echo "$world"/there/sid-*)
cd "$world"
version=$("$folder/sid" train --version)
[[ $version =~ ^"train "[0-9.]+", commit "[0-9a-z-]+$ ]] || fail "train --version says $version"
[[ $("$folder/sid" bench --version) == "bench${version#train}" ]] || fail "bench is of another version"
# In the order of a machine that has none of the distribution's libraries.
# shellcheck source=tools/pack.sh
packed=$(source "$folder/pack.sh" && find_libraries "$folder" && ldd "$folder/train")
[[ $packed != *"not found"* ]] || fail "what is not found: $packed"
[[ $packed == *"=> $folder/lib/libabsl_"* ]] || fail "abseil is not the packed one: $packed"
[[ $packed != *"=> /lib/x86_64-linux-gnu/libabsl_"* ]] || fail "abseil is the distribution's: $packed"

"$folder/sid" train --train_images=100 --epochs=1 --threads=1 --device=cpu >shown 2>&1 || fail "$(cat shown)"
grep -q "Test set, weights of epoch 1" shown || fail "$(cat shown)"

said=$(SID_SITE_PACKAGES=$world "$folder/sid" train 2>&1) && fail "it runs without torch"
[[ $said == *"install torch==$(cat "$folder/torch_version")"* ]] || fail "without torch it says $said"
for program in "" ../train pack.sh sid nothing; do
  said=$("$folder/sid" "$program" 2>&1) && fail "sid $program runs"
  [[ $said == *"./sid train --help"* ]] || fail "sid $program says $said"
done
echo "as it should be"
