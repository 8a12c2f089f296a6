# shellcheck shell=bash
# Installs packages of the distribution, once; sourced by tools/bazel and tools/check.

# What the project keeps outside its tree: the wheels, and a stamp for each list of packages already seen to be there.
sid_cache=${XDG_CACHE_HOME:-$HOME/.cache}/sid

say() { printf 'setup: %s\n' "$*" >&2; }

# packages_stamp NAME...: the file that says that these packages are there. dpkg-query on every call would cost 20 ms, a
# stamp named after the list costs next to nothing.
packages_stamp() { printf '%s/packages-%s' "$sid_cache" "$(printf '%s ' "$@" | cksum | cut -d' ' -f1)"; }

# lock_setup: waits until no other call is setting this machine up; the kernel drops the lock of a killed one.
lock_setup() {
  mkdir -p "$sid_cache"
  exec 9>"$sid_cache/lock"
  flock --nonblock 9 || { say "another call is setting this machine up; waiting for it"; flock 9; }
}
unlock_setup() { exec 9>&-; }

# install_packages WHY NAME...: installs what is missing; says what, why and how, asks nothing.
install_packages() {
  local why=$1 missing=() package stamp
  shift
  stamp=$(packages_stamp "$@")
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
  done
  if ((${#missing[@]})); then
    local as_root=()
    ((EUID == 0)) || as_root=(sudo)
    say "installing, $why: ${missing[*]}"
    "${as_root[@]}" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null' \
      apt "${missing[@]}" >&2 9>&- || {
      say "could not install them; as root, run: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
      return 1
    }
  fi
  : >"$stamp"
}
