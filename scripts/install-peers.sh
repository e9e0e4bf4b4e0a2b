#!/usr/bin/env bash
# Installs the duplicate finders whose results `onefold import` reads, for recording fixtures, for benchmarks and for
# `scan --engine czkawka`. What is there already is left alone; run it as often as you like.
#
#   scripts/install-peers.sh                        rdfind rmlint jdupes fdupes czkawka_cli
#   scripts/install-peers.sh --all                  these, fclones and yadf
#   scripts/install-peers.sh rdfind fclones         only the tools named
#   scripts/install-peers.sh --required fclones     the same, but status 1 if it is not there in the end
#
# Debian packages come by apt-get and need root; the others are built by cargo, czkawka_cli in about 15 minutes on
# two cores. Root gets them in /usr/local/bin, everybody else in cargo's own folder. Without apt-get, cargo or a network
# it says what is missing and ends well, unless a tool was --required.
set -uo pipefail

packaged=(rdfind rmlint jdupes fdupes)
built=(czkawka_cli fclones yadf)

tools=()
required=()
while [ $# -gt 0 ]; do
  case $1 in
    --all) tools+=("${packaged[@]}" "${built[@]}") ;;
    --required)
      [ $# -ge 2 ] || { echo "install-peers: --required needs the name of a tool" >&2 && exit 2; }
      shift
      tools+=("$1")
      required+=("$1")
      ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" && exit 0 ;;
    -*) echo "install-peers: unknown option $1" >&2 && exit 2 ;;
    *) tools+=("$1") ;;
  esac
  shift
done
[ ${#tools[@]} -gt 0 ] || tools=("${packaged[@]}" czkawka_cli)

contains() { # contains WORD WORDS…
  local word=$1 other
  shift
  for other in "$@"; do [ "$word" = "$other" ] && return 0; done
  return 1
}

for tool in "${tools[@]}"; do
  contains "$tool" "${packaged[@]}" "${built[@]}" ||
    { echo "install-peers: unknown tool $tool; there are ${packaged[*]} ${built[*]}" >&2 && exit 2; }
done

# cargo and what it has built may be outside of PATH, for example under sudo.
PATH=$PATH:/usr/local/bin:${CARGO_HOME:-$HOME/.cargo}/bin

install_packages() { # install_packages PACKAGE…
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "install-peers: to install $* I need root and apt-get"
    return
  fi
  apt-get update -qq || echo "install-peers: apt-get update failed; going on with the lists there are"
  # One by one: a package that does not exist here must not keep the others away.
  local package
  for package in "$@"; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" ||
      echo "install-peers: apt-get could not install $package"
  done
}

build() { # build CRATE
  if ! command -v cargo >/dev/null; then
    echo "install-peers: to build $1 I need cargo"
    return
  fi
  local root=()
  if [ "$(id -u)" -eq 0 ]; then root=(--root /usr/local); fi
  cargo install --locked ${root[@]+"${root[@]}"} "$1" || echo "install-peers: cargo could not build $1"
}

version() { # version TOOL: the first line of what it says, without the words around the number
  case $1 in
    fdupes | jdupes | rmlint | rdfind | czkawka_cli | fclones | yadf)
      # rmlint writes to stderr.
      "$1" --version 2>&1 </dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)*' | head -n 1
      ;;
  esac
}

missing=()
for tool in "${tools[@]}"; do
  if ! command -v "$tool" >/dev/null && contains "$tool" "${packaged[@]}" && ! contains "$tool" ${missing[@]+"${missing[@]}"}; then
    missing+=("$tool")
  fi
done
if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
for tool in "${tools[@]}"; do
  if ! command -v "$tool" >/dev/null && contains "$tool" "${built[@]}"; then build "$tool"; fi
done

status=0
for tool in "${packaged[@]}" "${built[@]}"; do
  contains "$tool" "${tools[@]}" || continue
  if command -v "$tool" >/dev/null; then
    printf '%-12s %-8s %s\n' "$tool" "$(version "$tool")" "$(command -v "$tool")"
  elif contains "$tool" ${required[@]+"${required[@]}"}; then
    printf '%-12s missing, but required\n' "$tool" && status=1
  else
    printf '%-12s missing\n' "$tool"
  fi
done
exit $status
