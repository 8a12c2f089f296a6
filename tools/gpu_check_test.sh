#!/usr/bin/env bash
# tools/gpu_check on a machine without a GPU: Bazel, the driver's programs, the profiler and all that is packed are stand-ins.
set -euo pipefail
tools=$PWD/tools
world=$(mktemp -d "${TEST_TMPDIR:-/tmp}/gpu-check.XXXX")
trap 'rm -rf "$world"' EXIT
# shellcheck source=tools/stand_ins_for_tests.sh
source "$tools/stand_ins_for_tests.sh"

# A tree whose Bazel makes programs that tell what they are asked for, and a machine with a driver.
# awk reads what ldd prints word by word, so the tree lies in no folder with blanks; what is packed may.
tree=$world/tree path=$world/path log=$world/log
export log
mkdir -p "$tree/tools" "$tree/third_party/python" "$world/site/torch/lib"
cp -L "$tools/gpu_check" "$tools/pack.sh" "$tree/tools/"
echo "torch==9.8.7" >"$tree/third_party/python/requirements.in"
program "$tree/stand-in" <<'STAND_IN'
printf '%s %s/%s %s threads=%s filter=%s\n' "${0##*/}" "${GTEST_SHARD_INDEX-}" "${GTEST_TOTAL_SHARDS-}" "$*" "${OMP_NUM_THREADS-}" "${GTEST_FILTER-}" >>"$log"
for argument in "$@"; do [[ $argument != --out=*/steps ]] || { mkdir -p "${argument#--out=}"; echo "| a table |" >"${argument#--out=}/results.md"; }; done
[[ $0 != *device_test ]] || printf '[  SKIPPED ] Device.OfTheOther (0 ms)\n'
[[ $0 != *precision_test ]] || [[ -z ${BROKEN-} ]] || exit 3
[[ $0 != *cuda_graph_test ]] || [[ -z ${ENDLESS-} ]] || exec tail -f /dev/null
STAND_IN
stand_in_bazel "$tree"
echo a >"$world/libglog.so.1"
program "$path/ldd" <<<"echo '  libglog.so.1 => $world/libglog.so.1 (0x0)'; echo '  libc.so.6 => /lib/libc.so.6 (0x0)'"
program "$path/nvidia-smi" <<<'[[ $# == 0 ]] || echo "NVIDIA Nothing, 580, 1980 MHz, 81559 MiB"'
export PATH="$path:$PATH" SID_SITE_PACKAGES=$world/site

packed="$world/what is packed"
expect "it packs" "packed; on a machine with a GPU" "$("$tree/tools/gpu_check" --pack "$packed")"
expect "libraries of the distribution alone" "libglog.so.1" "$(ls "$packed/lib")"
reject "libraries of the distribution alone" "libc" "$(ls "$packed/lib")"
expect "the version of torch" "9.8.7" "$(cat "$packed/torch_version")"

run() { # run OUT [VARIABLE=VALUE...]: what it prints, and its exit code
  local out=$1
  shift
  : >"$log"
  env -u OMP_NUM_THREADS "$@" "$packed/gpu_check" "$world/$out" 2>&1 && echo "exit code 0" || echo "exit code $?"
}

out=$(run whole)
expect "all is well" "gpu_check: passed after" "$out"
expect "all is well" "exit code 0" "$out"
expect "the other files" "parts.tar.gz summary.txt " "$(cd "$world/whole" && printf '%s ' *)"
summary=$(cat "$world/whole/summary.txt")
expect "the machine" "NVIDIA Nothing, 580" "$summary"
expect "skipped tests" "passed, 1 tests SKIPPED" "$summary"
expect "no profiler" "not run: ncu is not there" "$summary"
expect "the table of steps" "| a table |" "$summary"
for shard in 0 1 2 3 4 5 6 7; do expect "shards" "sid_learner_executors_on_gpu_test $shard/8" "$(cat "$log")"; done
expect "a thread a test" "threads=1" "$(grep ' 0/1 ' "$log")"
expect "all threads for a measurement" "threads= filter= " "$(grep '^bench ' "$log") "
expect "what needs a GPU" "filter=*Gpu*" "$(grep '^training_resume_test ' "$log")"
expect "every test of the others" "filter=*" "$(grep '^sid_learner_executors_on_gpu_test ' "$log")"
expect "measured speedups are last" "bench_harness_measured_speedup_test" "$(tail -n 1 "$log")"
[[ $(grep -n ' 0/1 \| [0-9]/[48] ' "$log" | tail -n 1 | cut -d: -f1) -lt $(grep -n '^bench ' "$log" | head -n 1 | cut -d: -f1) ]] || { echo "FAILED: a test beside the benchmarks"; failed=1; }
expect "what the parts wrote" "parts/steps/results.md" "$(tar -tzf "$world/whole/parts.tar.gz")"

program "$path/ncu" <<'NCU'
printf 'ncu %s\n' "$*" >>"$log"
NCU
out=$(run broken BROKEN=1)
expect "a broken test" "FAILED, exit code 3" "$out"
expect "a broken test" "exit code 1" "$out"
expect "the rest runs all the same" "measured_speedups" "$out"
expect "the profiler leaves the clock" "ncu --clock-control none" "$(cat "$log")"

out=$(run endless ENDLESS=1 GPU_CHECK_SECONDS=3)
expect "a test without an end" "base_machine_cuda_graph_test" "$(grep "ran past" <<<"$out")"
expect "the time is up" "NOT RUN: the time is up" "$out"
expect "the time is up" "exit code 1" "$out"
expect "what there is" "parts/base_machine_cuda_graph_test.txt" "$(tar -tzf "$world/endless/parts.tar.gz")"

program "$path/python3" <<<'exit 1'
expect "no PyTorch" "install torch==9.8.7, or set SID_SITE_PACKAGES" "$(run none SID_SITE_PACKAGES=)"
program "$path/nvidia-smi" <<<'exit 9'
expect "no GPU" "nvidia-smi shows no GPU" "$(run none)"
expect "help" "FOLDER/gpu_check OUT" "$("$packed/gpu_check" --help)"
for arguments in "" "--pack" "--nonsense" "a b"; do
  # shellcheck disable=SC2086  # several words on purpose
  "$packed/gpu_check" $arguments >/dev/null && { echo "FAILED: '$arguments' passed"; failed=1; }
done
exit "$failed"
