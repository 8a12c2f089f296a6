#!/usr/bin/env bash
# Downloads the official files of a data set, checks and unpacks them. What is there is not downloaded again, and an
# interrupted download goes on where it stopped.
#
# Usage: ./tools/bazel run //data:fetch -- --dataset=NAME --out=DIR
#   --dataset=NAME    cifar10 (170 MB), cifar100 (169 MB), tiny-imagenet (248 MB) or mnist (12 MB)
#   --out=DIR         the folder to put it into, created where needed
#   --mirror=URL      http:// or https://, below which the same files lie; instead of the official address
#   --catalogue=FILE  another list of data sets than data/fetch/catalogue.txt, which says how one is written
#
# Every name appears whole or not at all, and nothing of the user's is deleted:
#
#   URL -> DIR/NAME.part -checksum-> DIR/NAME -> DIR/.FOLDER.part/ -> DIR/FOLDER
#           (resumed)   \-> DIR/NAME.bad-checksum
set -euo pipefail

fail() { printf 'fetch: %s\n' "$*" >&2; exit 2; }

is_official() { [[ $("${algorithm}sum" <"$1") == "$sum "* ]]; }

size_of() { stat --dereference --format=%s "$1" 2>/dev/null || echo 0; }

# download PART: PART grows to the file at $url. A connection that breaks is taken up again three times, then by the next call.
download() {
  local here code answer progress=--silent
  [[ ! -t 2 ]] || progress=--progress-bar
  for _ in 1 2 3 4; do
    here=$(size_of "$1")
    # All bytes are here: a call was interrupted before the checksum, which decides.
    ((here < bytes)) || return 0
    if ((here)); then echo "going on after $here bytes with $url"; else echo "downloading $url"; fi
    code=0
    answer=$(curl "$progress" --fail --location --proto =http,https --retry 2 --connect-timeout 30 --speed-limit 1 --speed-time 60 \
      --continue-at - --output "$1" --write-out 'HTTP status %{http_code}; %{errormsg}' "$url") || code=$?
    case $code in
      0) return ;;
      33) rm -f "$1" ;; # this server cannot resume
      18 | 28 | 52 | 55 | 56 | 92) ;;
      22) fail "cannot download $url: ${answer%%;*}; try another server with --mirror=URL, or later" ;;
      23) fail "cannot download $url: cannot write $1 after $(size_of "$1") bytes; free some space and run the command again" ;;
      60 | 77) fail "cannot download $url: ${answer#*; }; is the package ca-certificates installed?" ;;
      *) fail "cannot download $url: ${answer#*; }; is there a network? Another server: --mirror=URL" ;;
    esac
  done
  fail "cannot download $url: ${answer#*; }, with $(size_of "$1") bytes here; run the same command again: it goes on from there"
}

# fetch_file PATH: the file at PATH is the official one after this.
fetch_file() {
  local size
  if [[ -e $1 ]]; then
    if is_official "$1"; then echo "$1 is there already, and whole"; return; fi
    mv --no-target-directory "$1" "$1.bad-checksum"
    echo "$1 was there, but is not the official file: it is now $1.bad-checksum"
  fi
  download "$1.part"
  if ! is_official "$1.part"; then
    size=$(size_of "$1.part")
    mv --no-target-directory "$1.part" "$1.bad-checksum"
    fail "$url is not the official file ($size bytes of $bytes, wrong $algorithm); it is kept as $1.bad-checksum; run the same" \
      "command again, or try another --mirror"
  fi
  sync "$1.part" # a power cut after the rename then leaves no empty file
  mv --no-target-directory "$1.part" "$1"
}

# find_defect FOLDER: prints what an unpacked archive lacks; nothing when it is whole.
find_defect() {
  local path size
  while read -r path size; do
    if [[ ! -f $1/$path ]]; then echo "$1/$path is missing"; return; fi
    [[ $size == any || $(size_of "$1/$path") == "$size" ]] || { echo "$1/$path has $(size_of "$1/$path") bytes, not $size"; return; }
  done < <(awk -v dataset="$dataset" '$1 == "holds" && $2 == dataset { print $3, $4 }' "$catalogue")
}

# unpack ARCHIVE: only after its checksum, so nothing unknown is ever unpacked.
unpack() {
  local defect error
  beside=$out/.$folder.part
  rm -rf "$beside" # of an interrupted call
  trap 'rm -rf "$beside"' EXIT
  mkdir "$beside"
  echo "unpacking $1"
  case $1 in
    *.zip) error=$(unzip -q "$1" -d "$beside" 2>&1 </dev/null) ;;
    *) error=$(tar --extract --gzip --no-same-owner --file "$1" --directory "$beside" 2>&1) ;;
  esac || fail "cannot unpack $1: ${error%%$'\n'*}; free some space, or install unzip, and run the command again"
  defect=$(find_defect "$beside/$folder")
  [[ -z $defect && -d $beside/$folder ]] || fail "$1 does not hold data set $dataset: ${defect:-it has no folder $folder}"
  sync --file-system "$beside"
  mv --no-target-directory "$beside/$folder" "$out/$folder"
  echo "$1 is no longer needed"
}

lock_folder() {
  local code=0
  exec {lock}<"$out" # the folder itself: no lock file stays behind
  flock --nonblock --conflict-exit-code 75 "$lock" 2>/dev/null || code=$?
  ((code != 75)) || fail "another download into $out is running; wait for it to end"
  ((code == 0)) || echo "fetch: $out cannot be locked here: do not start a second download into it meanwhile" >&2
}

script=$(readlink -f "${BASH_SOURCE[0]}")
catalogue=$(dirname "$script")/catalogue.txt
cd "${SID_CALLERS_FOLDER:-${BUILD_WORKING_DIRECTORY:-.}}" # relative paths are the caller's
dataset='' out='' mirror=''
for argument in "$@"; do
  case $argument in
    --dataset=*) dataset=${argument#*=} ;;
    # No shell puts the home in here.
    "--out=~" | "--out=~/"*) home=~ && out=$home${argument#--out=?} ;;
    --out=*) out=${argument#*=} ;;
    --mirror=*) mirror=${argument#*=} ;;
    --catalogue=*) catalogue=${argument#*=} ;;
    -h | --help) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' "$script"; exit 0 ;;
    *) fail "unknown argument '$argument'; there are --dataset=NAME, --out=DIR, --mirror=URL, --catalogue=FILE and --help" ;;
  esac
done
[[ -r $catalogue ]] || fail "cannot read the list of data sets, $catalogue"
names=$(awk '$1 == "file" && !seen[$2]++ { printf "%s%s", separator, $2; separator = ", " }' "$catalogue")
mapfile -t files < <(awk -v dataset="$dataset" '$1 == "file" && $2 == dataset { print $3, $4, $5, $6, $7 }' "$catalogue")
[[ -n $dataset ]] || fail "no data set named; name one with --dataset=NAME: $names"
((${#files[@]})) || fail "unknown data set '$dataset'; there are: $names"
[[ -n $out ]] || fail "no folder to put it into; name one with --out=DIR"
[[ -z $mirror || $mirror =~ ^https?:// ]] || fail "mirror '$mirror' is no URL that starts with http:// or https://"
error=$(mkdir -p "$out" 2>&1) || fail "${error#mkdir: }; name another folder with --out=DIR"
[[ -w $out ]] || fail "cannot write into $out; name another folder with --out=DIR"
lock_folder

for file in "${files[@]}"; do
  read -r folder bytes algorithm sum url <<<"$file"
  name=${url##*/}
  [[ -z $mirror ]] || url=${mirror%/}/$name
  if [[ $name != *.tar.gz && $name != *.zip ]]; then
    mkdir -p "$out/$folder"
    fetch_file "$out/$folder/$name"
  elif [[ ! -e $out/$folder ]]; then
    fetch_file "$out/$name"
    unpack "$out/$name"
  else
    defect=$(find_defect "$out/$folder")
    [[ -z $defect ]] || fail "the folder is there, but not whole: $defect; move it away and run the command again"
    echo "$out/$folder is there already"
  fi
done
echo "ready; train on it with --dataset=$dataset --data_dir=$out/$folder"
