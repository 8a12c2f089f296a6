# shellcheck shell=bash
# Installs packages of the distribution, once; sourced by tools/bazel and tools/check.

# A call without a HOME (some containers and cron) gets its user's; Bazel needs one too, and a name.
export HOME=${HOME:-$(getent passwd "$EUID" | cut -d: -f6)}
export USER=${USER:-$(getent passwd "$EUID" | cut -d: -f1)}
USER=${USER:-$EUID}

# What the project keeps outside its tree: the wheels, and a stamp for each list of packages already seen to be there; beside it, Bazel's
# own, which by itself does not look at XDG_CACHE_HOME.
cache=${XDG_CACHE_HOME:-$HOME/.cache}
sid_cache=$cache/sid

say() { printf 'setup: %s\n' "$*" >&2; }

# make_cache: a user without an entry in the password file (docker -u 1234) has no home, or one that it cannot write.
make_cache() {
  local way_out="set HOME or XDG_CACHE_HOME to a folder that this user can write, with room for 5 GB"
  [[ -n ${XDG_CACHE_HOME:-}$HOME ]] || { say "user $EUID has no home folder, and neither HOME nor XDG_CACHE_HOME is set; $way_out"; return 1; }
  [[ $cache == /* ]] || { say "the cache folder '$cache' is no absolute path; $way_out"; return 1; }
  mkdir -p "$sid_cache" 2>/dev/null || true
  [[ -d $sid_cache && -w $sid_cache ]] || { say "user $EUID cannot write $sid_cache; $way_out"; return 1; }
}

# pip_sources: where this user's pip and the machine's are told to fetch from (PIP_..., pip.conf), as pip's options, one a line, the
# weightiest last.
pip_sources() {
  local settings section name value
  settings=$(/usr/bin/python3 -I -m pip config list 2>/dev/null) || return 0
  for section in global install :env:; do
    sed -nE "s/^$section\.((extra-)?index-url|find-links|proxy|(client-)?cert|trusted-host|timeout|retries)='(.*)'\$/\1 \4/p" <<<"$settings" |
      while read -r name value; do
        for value in ${value//\\n/ }; do printf '%s\n' "--$name=$value"; done # one line may hold several
      done
  done
}

# packages_stamp NAME...: the file that says that these packages are there. dpkg-query on every call would cost 20 ms, a
# stamp named after the list costs next to nothing.
packages_stamp() { printf '%s/packages-%s' "$sid_cache" "$(printf '%s ' "$@" | cksum | cut -d' ' -f1)"; }

# lock_setup: waits until no other call is setting this machine up; the kernel drops the lock of a killed one. Only 1 says that there is
# one: some network file systems have no locks, and flock ends otherwise.
lock_setup() {
  local code=0
  exec 9>"$sid_cache/lock"
  flock --nonblock 9 2>/dev/null || code=$?
  ((code != 1)) || { say "another call is setting this machine up; waiting for it"; code=0; flock 9 || code=$?; }
  ((code == 0)) || say "cannot lock $sid_cache/lock (flock ended with $code): goes on without; start no other call now"
}
unlock_setup() { exec 9>&-; }

# install_packages WHY NAME...: installs what is missing, under the lock; says what, why and how, asks nothing.
install_packages() {
  local why=$1 missing=() package
  shift
  [[ ! -e $(packages_stamp "$@") ]] || return 0 # the call we waited for has done it
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
  done
  if ((${#missing[@]})); then
    local as_root=() by_hand="as root, run: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    if ((EUID != 0)); then
      # -n: a sudo that asks for a password is none.
      sudo -n true 2>/dev/null || { say "packages are missing, $why, and this user cannot install them; $by_hand"; return 1; }
      as_root=(sudo -n)
    fi
    say "installing, $why: ${missing[*]}"
    apt_install "${missing[@]}" || { say "could not install them: the lines above say why; $by_hand"; return 1; }
  fi
  : >"$(packages_stamp "$@")"
}

# apt_install NAME...: as root or through the caller's as_root; shows apt's output only when it fails.
apt_install() {
  # A list that cannot be updated (another repository's) is no reason to stop, the installation decides. It waits for
  # another apt, and mends what a killed one left half done. Its output goes to a file, not a pipe, so that it ends well
  # when this call is killed. Our lock is not handed on: a service that a package starts would keep it.
  # shellcheck disable=SC2016  # sh expands it
  local log=$sid_cache/apt.log script='
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    dpkg --configure -a
    exec apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"'
  "${as_root[@]}" sh -c "$script" sh "$@" >"$log" 2>&1 </dev/null 9>&- || { cat "$log" >&2; return 1; }
  rm -f "$log"
}
