# shellcheck shell=bash
# Programs for machines without Bazel and without the distribution's libraries; PyTorch's wheel has to be there. Sourced by what
# packs (tools/dist, tools/gpu_check) and by what runs from the pack.
#
#   pack_program FROM FOLDER/NAME      copies a program, and beside it, in lib/, what it needs of the distribution
#   find_libraries FOLDER              there: LD_LIBRARY_PATH for the programs of FOLDER

# torch, CUDA and the C library are there.
packed_libraries=(libglog.so libgflags.so libunwind.so liblzma.so libbenchmark.so libjpeg.so libabsl_)

pack_program() {
  local libraries=${2%/*}/lib library name
  mkdir -p "$libraries"
  cp -f "$1" "$2"
  ldd "$1" | awk '{ print $3 }' | while IFS= read -r library; do
    for name in "${packed_libraries[@]}"; do
      if [[ ${library##*/} == "$name"* ]]; then cp -fL "$library" "$libraries/"; fi
    done
  done
}

# The folder that holds torch/ and nvidia/.
site_packages() {
  if [[ -n ${SID_SITE_PACKAGES:-} ]]; then
    printf '%s\n' "$SID_SITE_PACKAGES"
  else
    python3 -c 'import importlib.util as u, os; print(os.path.dirname(os.path.dirname(u.find_spec("torch").origin)))' 2>/dev/null
  fi
}

find_libraries() {
  local site name
  if ! site=$(site_packages) || [[ ! -d $site/torch/lib ]]; then
    printf '%s: python3 has no torch: install torch==%s, or set SID_SITE_PACKAGES to the folder that holds torch/\n' "${0##*/}" "$(cat "$1/torch_version")" >&2
    return 1
  fi
  export LD_LIBRARY_PATH="$1/lib:$site/torch/lib"
  for name in cu13 cudnn nccl cusparselt nvshmem; do LD_LIBRARY_PATH+=":$site/nvidia/$name/lib"; done
}
