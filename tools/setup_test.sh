#!/usr/bin/env bash
# tools/bazel and tools/workspace_status as users of other machines meet them: each case makes its own small world and a Bazel that only
# shows what it is called with.
# shellcheck disable=SC2030,SC2031  # each case has its own cache
set -euo pipefail
tools=$PWD/tools
world=$(mktemp -d "${TEST_TMPDIR:-/tmp}/wörld with blanks.XXXX")
trap 'rm -rf "$world"' EXIT
SID_PLAIN_FOLDER=$(mktemp -d /tmp/sid-plain.XXXX)
export SID_PLAIN_FOLDER
# shellcheck source=tools/stand_ins_for_tests.sh
source "$tools/stand_ins_for_tests.sh"

# A tree, and a cache that needs nothing installed.
tree=$world/tree cache="$world/my cäche"
mkdir -p "$tree/third_party/python" "$cache/sid"
cp -rL "$tools" "$tree/tools"
echo "# no pins" >"$tree/third_party/python/requirements.lock"
mkdir "$cache/sid/wheels-$(cksum <"$tree/third_party/python/requirements.lock" | cut -d' ' -f1)"
packages=() # as tools/bazel sets them
eval "$(sed -n '/^packages=/,/)$/p' "$tools/bazel")"
# shellcheck source=/dev/null
(export XDG_CACHE_HOME=$cache; source "$tools/packages.sh"; : >"$(packages_stamp "${packages[@]}")")

bazel() { (cd "$tree" && env BAZEL_REAL=/usr/bin/echo "$@" bash tools/bazel test //... 2>&1); }

out=$(bazel HOME=/nowhere XDG_CACHE_HOME="$cache")
expect "the command stands last" " test //..." "$out"
expect "nothing of the user's rc is read" "--nohome_rc" "$out"
reject "Bazel gets plain paths" "blanks" "$out"
reject "Bazel gets plain paths" "ä" "$out$(cat "$cache/sid/bazelrc")"
plain=$(sed 's/.*--bazelrc=\(.*\)\/.bazelrc.*/\1/' <<<"$out")
[[ $(cd "$plain/tools" && pwd -P) == "$(cd "$tree/tools" && pwd -P)" ]] || { echo "FAILED: $plain is not the tree"; failed=1; }
# shellcheck disable=SC2015
out=$(cd "$tree/tools" && BAZEL_REAL=/usr/bin/echo XDG_CACHE_HOME=$cache bash ./bazel test 2>&1 || true)
expect "in a folder below" "Bazel can be called in $tree only" "$out"

# The same without anything special in the paths, where there is no other name for them.
simple=$(mktemp -d /tmp/sid-setup-test.XXXX)
trap 'rm -rf "$world" "$simple" "$SID_PLAIN_FOLDER"' EXIT
cp -r "$tree" "$simple/tree"
cp -r "$cache" "$simple/cache"
out=$(cd "$simple/tree" && HOME=/nowhere XDG_CACHE_HOME=$simple/cache BAZEL_REAL=/usr/bin/echo bash tools/bazel test 2>&1)
expect "XDG_CACHE_HOME is Bazel's too" "--output_user_root=$simple/cache/bazel/_bazel_" "$out"
expect "no other name" "--bazelrc=$simple/tree/.bazelrc" "$out"
expect "the disk cache is there too" "--disk_cache=$simple/cache/bazel-disk" "$(cat "$simple/cache/sid/bazelrc")"

out=$(bazel HOME=/proc/nowhere XDG_CACHE_HOME= || true)
expect "a home that cannot be written" "cannot write /proc/nowhere/.cache/sid; set HOME or XDG_CACHE_HOME" "$out"
if setpriv --reuid=64321 --clear-groups true 2>/dev/null; then
  # shellcheck disable=SC2016  # the inner bash expands it
  out=$(setpriv --reuid=64321 --clear-groups env -u HOME -u XDG_CACHE_HOME -u USER bash -euo pipefail -c 'source <(cat); echo "as $USER"; make_cache' 2>&1 <"$tools/packages.sh" || true)
  expect "no HOME and no entry" "setup: user 64321 has no home folder" "$out"
  expect "Bazel asks for a name" "as 64321" "$out"
  [[ $(wc -l <<<"$out") == 2 ]] || { echo "FAILED: more than one line: $out"; failed=1; }
fi

# A flock of a file system without locks, and one that finds a lock held, once.
mkdir "$world/bin"
try_lock() { # try_lock CODE
  # shellcheck disable=SC2016  # sh expands it
  printf '#!/bin/sh\n[ "$1" = --nonblock ] && exit %s\nexit 0\n' "$1" >"$world/bin/flock"
  chmod +x "$world/bin/flock"
  # shellcheck source=/dev/null
  (export XDG_CACHE_HOME=$cache PATH=$world/bin:$PATH; source "$tools/packages.sh"; lock_setup; echo goes on) 2>&1
}
out=$(try_lock 71)
expect "no locks" "(flock ended with 71): goes on without" "$out"
reject "no locks" "another call" "$out"
expect "no locks" "goes on" "$out"
out=$(try_lock 1)
expect "locked" "another call is setting this machine up; waiting for it" "$out"
reject "locked" "goes on without" "$out"

printf '[global]\nconstraint = /tmp/c\nindex-url = https://global/\ntimeout = 9\n[install]\nuser = yes\n' >"$world/pip.conf"
# shellcheck source=/dev/null
out=$(source "$tools/packages.sh"; PIP_CONFIG_FILE=$world/pip.conf PIP_CONSTRAINT=/tmp/c PIP_INDEX_URL=https://user/ PIP_TARGET=/x pip_sources)
expect "where to fetch from" "--index-url=https://user/" "${out##*$'\n'}"
expect "where to fetch from" "--timeout=9" "$out"
for other in constraint target user=; do reject "nothing else of pip's settings" "$other" "$out"; done

if command -v git >/dev/null; then
  export HOME=$world GIT_CONFIG_NOSYSTEM=1
  commit() { git -C "$1" init -q && git -C "$1" -c user.name=a -c user.email=a@b commit -q --allow-empty -m one; }
  # The script in a folder, called from another.
  status() { mkdir -p "$1/tools" && cp -L "$tools/workspace_status" "$1/tools/" && bash "$1/tools/workspace_status" 2>&1; }
  mkdir -p "$world/outer/sid"
  commit "$world/outer"
  expect "another repository's commit" "no git repository of its own, but lies in that of $world/outer" "$(status "$world/outer/sid")"
  expect "another repository's commit" "STABLE_COMMIT unknown" "$(status "$world/outer/sid")"
  expect "no repository" "STABLE_COMMIT unknown" "$(status "$tree")"
  commit "$world/outer/sid"
  own=$(git -C "$world/outer/sid" rev-parse --short=12 HEAD)
  [[ $(GIT_DIR=$world/outer/.git status "$world/outer/sid") == "STABLE_COMMIT $own" ]] || { echo "FAILED: not its own commit"; failed=1; }
fi
exit "$failed"
