#!/usr/bin/env bash
# tools/gpu_evidence on a machine without a GPU: Bazel, the driver's programs, Python and all that is packed are stand-ins.
set -euo pipefail
tools=$PWD/tools
world=$(mktemp -d "${TEST_TMPDIR:-/tmp}/gpu-evidence.XXXX")
trap 'rm -rf "$world"' EXIT
# shellcheck source=tools/stand_ins_for_tests.sh
source "$tools/stand_ins_for_tests.sh"

# A tree with finished runs, whose Bazel makes programs that tell what they are asked for, and a machine with a driver.
tree=$world/tree path=$world/path log=$world/log
export log
mkdir -p "$tree/tools" "$tree/third_party/python" "$tree/reproducibility/claims" "$tree/reproducibility/results/a/runs" "$world/site/torch/lib" "$world/more"
cp -L "$tools/gpu_evidence" "$tools/pack.sh" "$tools/pack_data.py" "$tree/tools/"
echo "torch==9.8.7" >"$tree/third_party/python/requirements.in"
echo "the claims" >"$tree/reproducibility/claims/claims.json"
echo "of the tree" >"$tree/reproducibility/results/a/runs/kept.json"
echo "of an earlier call" >"$world/more/earlier.json"
program "$tree/stand-in" <<'STAND_IN'
[[ $* != --version ]] || { echo "program 1.0, commit 0123-modified"; exit; }
printf '%s: %s %s\n' "${0##*/}" "$*" "$(cat reproducibility/claims/claims.json)" >>"$log"
for argument in "$@"; do [[ $argument != --out=* ]] || out=${argument#--out=}; done
for run in kept earlier; do [[ -f $out/runs/$run.json ]] && echo "$run is there"; done
echo "made now" >"$out/runs/made.json"
mkdir "$out/runs/half.json.running"
echo "   1/2  accuracy: sid"
[[ -z ${BROKEN-} ]] || { echo "reproduce: a full disk"; exit 3; }
[[ -z ${ENDLESS-} ]] || exec tail -f /dev/null
rm -r "$out/runs/half.json.running"
STAND_IN
stand_in_bazel "$tree"
echo a | tee "$world/libglog.so.1" >"$world/libjxl.so.1"
program "$path/ldd" <<<"echo '  libglog.so.1 => $world/libglog.so.1 (0x0)'; echo '  libjxl.so.1 => $world/libjxl.so.1 (0x0)'; echo '  libc.so.6 => /lib/libc.so.6 (0x0)'"
program "$path/djxl" <<<""
# shellcheck disable=SC2016  # the stand-in expands it
program "$path/nvidia-smi" <<<'[[ $# == 0 ]] || echo "NVIDIA Nothing, 580, 1980 MHz, 81559 MiB"'
# shellcheck disable=SC2016
program "$path/python3" <<<'printf "python3 %s\n" "$*" >>"$log"'
export PATH="$path:$PATH" SID_SITE_PACKAGES=$world/site

packed="$world/what is packed"
out=$(cd "$world" && "$tree/tools/gpu_evidence" --pack "$packed" more 2>&1)
expect "it packs" "commit 0123-modified; on a machine with a GPU" "$out"
expect "changes are told" "WARNING: the tree has changes" "$out"
[[ $(cd "$packed" && echo *) == "gpu_evidence pack.sh programs.tar.xz" ]] || { echo "FAILED: packed: $(ls "$packed")"; failed=1; }
list=$(tar -tJf "$packed/programs.tar.xz")
for part in ./reproduce ./train ./lib/libglog.so.1 ./djxl/djxl ./djxl/lib/libjxl.so.1 ./runs/kept.json ./runs/earlier.json ./pack_data.py ./torch_version; do
  expect "what is packed" "$part" "$list"
done
reject "the machine's own libraries" "libc.so" "$list"

run() { # run OUT FLAGS...: what it prints, and its exit code
  : >"$log"
  "$packed/gpu_evidence" "$world/data" "$world/$1" "${@:2}" 2>&1 && echo "exit code 0" || echo "exit code $?"
}
archive() { tar -tzf "$world/$1/runs.tar.gz" | tr '\n' ' '; }

mkdir "$world/data"
out=$(run whole --seconds=100 --claims=C7,R7 --budget=30)
expect "all is well" "gpu_evidence: passed after" "$out"
expect "all is well" "exit code 0" "$out"
expect "what is finished is taken into account" "earlier is there" "$out"
flags=$(cat "$log")
expect "the claims are found, and the data" "reproduce: --device=cuda --budget=full --data_dir=$world/data --claims=C7,R7 --budget=30 --runs_only" "$flags"
expect "the claims" "the claims" "$flags"
[[ $flags =~ --seconds=9[0-9]\  ]] || { echo "FAILED: the time that is left: $flags"; failed=1; }
[[ $(archive whole) == "runs/made.json " ]] || { echo "FAILED: the archive has: $(archive whole)"; failed=1; }
summary=$(cat "$world/whole/summary.txt")
expect "the machine" "NVIDIA Nothing, 580" "$summary"
expect "the commit" "commit 0123-modified" "$summary"
expect "how many" "new runs: 1" "$summary"
expect "what reproduce said" "1/2  accuracy: sid" "$summary"
reject "data that need no unpacking" "python3" "$flags"

mkdir -p "$world/data/cifar-100-binary"
echo "{}" >"$world/data/cifar-100-binary/packed.json"
out=$(run whole --seconds=100)
expect "packed data" "pack_data.py --unpack $world/data $packed/programs/datasets" "$(cat "$log")"
expect "packed data" "--data_dir=$packed/programs/datasets" "$(cat "$log")"

export BROKEN=1
out=$(run broken --seconds=100)
unset BROKEN
expect "an error" "gpu_evidence: FAILED, exit code 3" "$out"
expect "an error" "exit code 1" "$out"
expect "an error is in the summary" "a full disk" "$(cat "$world/broken/summary.txt")"
[[ $(archive broken) == "runs/made.json " ]] || { echo "FAILED: an error's archive has: $(archive broken)"; failed=1; }

export ENDLESS=1
out=$(run endless --seconds=7)
unset ENDLESS
expect "a run without an end" "the time was up in the middle of a run" "$out"
expect "a run without an end" "exit code 0" "$out"
[[ $(archive endless) == "runs/made.json " ]] || { echo "FAILED: when the time is up: $(archive endless)"; failed=1; }

expect "no time" "--seconds=S is missing" "$(run none)"
expect "no whole time" "--seconds=S is missing" "$(run none --seconds=many)"
program "$path/nvidia-smi" <<<'exit 9'
expect "no GPU" "nvidia-smi shows no GPU" "$(run none --seconds=9)"
program "$path/python3" <<<'exit 1'
expect "no PyTorch" "install torch==9.8.7, or set SID_SITE_PACKAGES" "$(SID_SITE_PACKAGES='' run none --seconds=9 --device=cpu)"
expect "help" "FOLDER/gpu_evidence DATA OUT" "$("$packed/gpu_evidence" --help)"
for arguments in "" "--pack" "--nonsense" "a" "a --seconds=9"; do
  # shellcheck disable=SC2086  # several words on purpose
  "$packed/gpu_evidence" $arguments >/dev/null && { echo "FAILED: '$arguments' passed"; failed=1; }
done
exit "$failed"
