# shellcheck shell=bash
# shellcheck disable=SC2034  # the test exits with `failed`
# For tests of programs that call others, which are stand-ins: what such a test says of their output, and how it makes one.
failed=0
expect() { # expect WHAT PART TEXT
  [[ $3 == *"$2"* ]] || { printf 'FAILED: %s: no "%s" in: %s\n' "$1" "$2" "$3"; failed=1; }
}
reject() { # reject WHAT PART TEXT
  [[ $3 != *"$2"* ]] || { printf 'FAILED: %s: "%s" in: %s\n' "$1" "$2" "$3"; failed=1; }
}
program() { # program PATH: from standard input
  mkdir -p "$(dirname "$1")"
  { printf '#!/bin/bash\n' && cat; } >"$1"
  chmod +x "$1"
}

# stand_in_bazel TREE: whose tools/bazel copies TREE/stand-in for every label that it is to build.
stand_in_bazel() {
  program "$1/tools/bazel" <<'BAZEL'
shift
for label in "$@"; do
  label=${label#//}
  [[ $label == *:* ]] || label=$label:${label##*/}
  mkdir -p "bazel-bin/${label%:*}"
  cp stand-in "bazel-bin/${label/://}"
done
BAZEL
}
