#!/usr/bin/env bash
# A bare Debian 12 or Ubuntu 22.04 with 1 GB of memory becomes a running fontid; README.md beside this file tells how.
#
#   deploy/setup.sh plan [OPTIONS]       which files go to the server and what is changed there; changes nothing
#   deploy/setup.sh pack FILE.tar.gz     those files, to be copied to the server
#   deploy/setup.sh install [OPTIONS]    everything; again: only what is missing or different
#   deploy/setup.sh upgrade [--root DIR] from the unpacked folder of a newer version
#   deploy/setup.sh rollback [--root DIR] back to the release that ran before
#   deploy/setup.sh check [--root DIR]   is all well? exits with 1 where it is not
#   deploy/setup.sh site [OPTIONS]       print the configuration of nginx
#
# OPTIONS, which install remembers in /etc/fontid/setup.env:
#   --domain NAME                        where the site is to be found
#   --tls letsencrypt|self-signed|off    whose certificate; letsencrypt where nothing is said
#   --email ADDRESS                      whom Let's Encrypt may write to
#   --listen ADDRESS:PORT                of nginx, with --tls off; 80 where nothing is said
#   --yes                                do not ask before installing
#   --root DIR                           install into a folder, for a trial: nothing outside of it is touched, no package
#                                        is installed, no service is started
#   --venv DIR                           with --root: take this environment instead of making one; nothing is fetched
#
# PIP_* and other variables of the environment reach pip. A release that does not name the font of a picture is refused,
# and the one before goes on.
set -euo pipefail
umask 022

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# What the app needs to run, and what this script needs to install it; .dockerignore names the same.
SHIPPED=(app.py fontid web model requirements.txt pyproject.toml LICENSE docs/comparison/report.html
  deploy/README.md deploy/setup.sh deploy/fontid.service deploy/nginx.conf)
PACKAGES=(python3 python3-venv nginx curl openssl ca-certificates)
KEPT=3 # releases
PICTURE=model/golden/00.png # a release has to name its font
OPEN_MODEL='
import pathlib, sys, app
from fontid.artifact import ArtifactError, open_artifact
try:
    open_artifact(pathlib.Path("model"))
except ArtifactError as error:
    sys.exit(str(error))
'
PORT=$(sed -n 's/^Environment=.*GRADIO_SERVER_PORT=\([0-9]*\).*/\1/p' "$SOURCE/deploy/fontid.service")

DOMAIN='' TLS='' EMAIL='' LISTEN='' ROOT='' VENV='' YES='' CHANGED='' FAILED=''

say() { printf '%s\n' "$*"; }
die() {
  printf 'setup.sh: %s\n' "$*" >&2
  exit 1
}

# --- what is shipped -------------------------------------------------------------------------------------------------

shipped() { # one path a line: tracked files of a checkout, or what an unpacked archive holds
  cd "$SOURCE"
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -- "${SHIPPED[@]}"
  else
    find "${SHIPPED[@]}" -type f ! -path '*/__pycache__/*' 2>/dev/null | sort || true
  fi
}

version() { # of the package, and ten digits that tell the content
  local number digits
  number=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$SOURCE/fontid/__init__.py")
  digits=$(cd "$SOURCE" && shipped | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c1-10)
  say "$number-$digits"
}

plan() {
  local files bytes
  files=$(shipped)
  bytes=$(cd "$SOURCE" && xargs -d '\n' cat <<<"$files" | wc -c)
  say "fontid $(version)${DOMAIN:+ for $DOMAIN}"
  say
  say "Files that go to the server, $(wc -l <<<"$files") of them, $((bytes / 1000000)) MB; no others:"
  (cd "$SOURCE" && xargs -d '\n' stat -c '  %9s  %n' <<<"$files")
  cat <<END

Packages of the system that are installed where they are missing: ${PACKAGES[*]}
Packages of Python, into the release's own virtual environment: those of requirements.txt and what they need
User and group made: fontid, without password, shell or home
Files and folders made or changed on the server:
  /opt/fontid/releases/VERSION             the files above and their virtual environment, of the last $KEPT releases
  /opt/fontid/current, previous            links to two of them
  /etc/fontid/setup.env                    the options given to install
  /etc/fontid/fontid.env                   variables for the app; made empty, then never touched again
  /etc/fontid/tls/                         certificate and key: self-signed, or links to those of Let's Encrypt
  /etc/systemd/system/fontid.service       and fontid.service.d/nameservers.conf: the unit
  /etc/nginx/sites-available/fontid        the site, linked in sites-enabled; the link "default" there is removed
  /etc/letsencrypt/                        by certbot, with --tls letsencrypt
  /var/www/fontid/                         where Let's Encrypt looks for its proof
  /var/cache/fontid/, /var/cache/fontid-nginx/, /var/log/nginx/fontid.log
Services: fontid and nginx are started now and at boot. Uploads are kept in memory, by a tmpfs of the service.
Asked over the network: Debian's or Ubuntu's archive, the Python package index; with --tls letsencrypt its server.
END
}

pack() {
  [[ $# == 1 ]] || die "pack needs the name of the archive: deploy/setup.sh pack fontid.tar.gz"
  local archive
  archive=$(realpath "$1")
  (cd "$SOURCE" && shipped | tar --create --gzip --file "$archive" --owner=0 --group=0 --transform 's|^|fontid/|' --files-from=-)
  say "$archive: $(shipped | wc -l) files of fontid $(version)"
}

# --- settings --------------------------------------------------------------------------------------------------------

setting() { sed -n "s/^$1=//p" "$ROOT/etc/fontid/setup.env" 2>/dev/null || true; }

read_settings() { # what was not given now was given to install before
  DOMAIN=${DOMAIN:-$(setting DOMAIN)} EMAIL=${EMAIL:-$(setting EMAIL)}
  TLS=${TLS:-$(setting TLS)}
  TLS=${TLS:-letsencrypt}
  if [[ $TLS == off ]]; then LISTEN=${LISTEN:-$(setting LISTEN)}; fi
  [[ $TLS =~ ^(letsencrypt|self-signed|off)$ ]] || die "--tls is letsencrypt, self-signed or off, not $TLS"
  [[ $DOMAIN =~ ^[A-Za-z0-9.-]*$ ]] || die "--domain is a name such as fonts.example.org, not $DOMAIN"
  [[ -z $EMAIL || $EMAIL =~ ^[^[:space:]@]+@[^[:space:]@]+$ ]] || die "--email is an address such as me@example.org"
  [[ $LISTEN =~ ^([0-9.]+:)?[0-9]*$ ]] || die "--listen is a port, or an address and a port such as 127.0.0.1:8080"
  [[ -z $LISTEN || $TLS == off ]] || die "--listen goes with --tls off: certificates need ports 80 and 443"
}

need_domain() { [[ -n $DOMAIN ]] || die "which domain? deploy/setup.sh $1 --domain fonts.example.org"; }

write_settings() {
  install -d "$ROOT/etc/fontid"
  printf '%s\n' "DOMAIN=$DOMAIN" "TLS=$TLS" "EMAIL=$EMAIL" "LISTEN=$LISTEN" >"$ROOT/etc/fontid/setup.env"
  [[ -e $ROOT/etc/fontid/fontid.env ]] ||
    say "# Variables for the app, such as FONTID_MODEL. Then: systemctl restart fontid" >"$ROOT/etc/fontid/fontid.env"
}

# --- the machine -----------------------------------------------------------------------------------------------------

systemd_runs() { [[ -z $ROOT && -d /run/systemd/system ]]; }
must_be_root() { [[ -n $ROOT || $EUID == 0 ]] || die "this changes the system: run it with sudo"; }

as_fontid() { # COMMAND...: as the user that the service has
  if [[ -z $ROOT && $EUID == 0 ]]; then
    runuser -u fontid -- env PYTHONDONTWRITEBYTECODE=1 "$@"
  else
    PYTHONDONTWRITEBYTECODE=1 "$@"
  fi
}

lock() { # two of these at once would undo each other
  install -d "$ROOT/opt/fontid/releases"
  exec 9>"$ROOT/opt/fontid/.lock"
  flock --nonblock 9 || die "another setup.sh is at work here: wait until it is done"
}

prepare_machine() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  if ((${#missing[@]})); then
    say "Installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "Python 3.10 or newer is needed: Debian 12 and Ubuntu 22.04 have it"
  getent passwd fontid >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fontid
}

# --- releases --------------------------------------------------------------------------------------------------------

release_of() { # name of the release that a link leads to, or nothing
  local link=$ROOT/opt/fontid/$1
  if [[ -L $link ]]; then basename "$(readlink "$link")"; fi
}

point() { # LINK RELEASE: at no moment is there no link
  [[ $(release_of "$1") == "$2" ]] && return
  CHANGED=yes
  ln -sfn "releases/$2" "$ROOT/opt/fontid/.$1"
  mv -T "$ROOT/opt/fontid/.$1" "$ROOT/opt/fontid/$1"
}

refuse() { # NAME WHY
  rm -rf "$ROOT/opt/fontid/releases/${1:?}"
  die "$2; what runs was not changed"
}

build() { # NAME: the release; it counts once the file .unfinished is gone
  local place=$ROOT/opt/fontid/releases/$1 old=$ROOT/opt/fontid/current
  [[ -d $place && ! -e $place/.unfinished ]] && return
  disk_has_room || die "less than 1 GB of the disk is free: make room, or remove a release from /opt/fontid/releases"
  rm -rf "$place"
  install -d "$place"
  touch "$place/.unfinished"
  (cd "$SOURCE" && shipped | tar --create --files-from=-) | tar --extract --no-same-owner --directory "$place"
  if [[ -n $VENV ]]; then
    ln -s "$(realpath "$VENV")" "$place/venv"
  elif cmp -s "$old/requirements.txt" "$place/requirements.txt" && "$old/venv/bin/python" -m pip check >/dev/null 2>&1; then
    cp --archive --link "$old/venv/" "$place/venv" # the same packages: their files are shared, none is changed ever
  else
    say "Making the virtual environment; this takes some minutes"
    python3 -m venv "$place/venv"
    TMPDIR=$place "$place/venv/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check \
      -r "$place/requirements.txt" || refuse "$1" "pip did not install requirements.txt (see above)"
  fi
  "$place/venv/bin/python" -m compileall -q "$place/app.py" "$place/fontid" "$place/web"
  # what can be seen without starting it a second time, which 1 GB of memory may not hold
  (cd "$place" && as_fontid venv/bin/python -c "$OPEN_MODEL") || refuse "$1" "$1 is damaged (see above)"
  rm "$place/.unfinished"
}

forget_old_releases() {
  local name count=0
  while read -r name; do
    [[ $name == "$(release_of current)" || $name == "$(release_of previous)" ]] && continue
    ((++count > KEPT - 2)) && rm -rf "$ROOT/opt/fontid/releases/${name:?}"
  done < <(ls -1t "$ROOT/opt/fontid/releases")
  return 0
}

# --- proxy -----------------------------------------------------------------------------------------------------------

site() { # TEMPLATE: the site of nginx
  local listen='443 ssl http2' edit=()
  if [[ $TLS == off ]]; then
    listen=${LISTEN:-80}
    edit+=(-e '/# \[tls$/,/# tls\]$/d')
  fi
  if [[ $listen == *:* || ! -e /proc/net/if_inet6 ]]; then edit+=(-e '/# IPv6$/d'); fi
  edit+=(-e '/# \[tls$/d' -e '/# tls\]$/d')
  edit+=(-e "s|@DOMAIN@|$DOMAIN|" -e "s|@PORT@|$PORT|" -e "s|@LISTEN@|$listen|" -e "s|@TLS@|/etc/fontid/tls|")
  edit+=(-e 's|@ACME@|/var/www/fontid|' -e 's|@CACHE@|/var/cache/fontid-nginx|' -e 's|@LOG@|/var/log/nginx/fontid.log|')
  sed "${edit[@]}" "$1"
}

self_signed() { # until there is a better one: nginx does not start without
  local tls=$ROOT/etc/fontid/tls
  [[ $TLS == off ]] && return
  openssl x509 -noout -checkhost "$DOMAIN" -in "$tls/fullchain.pem" 2>/dev/null | grep -q 'does match' && return
  install -d -m 700 "$tls"
  rm -f "$tls"/*.pem # not what links lead to
  CHANGED=yes
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$DOMAIN" \
    -addext "subjectAltName=DNS:$DOMAIN" -keyout "$tls/privkey.pem" -out "$tls/fullchain.pem" 2>/dev/null
}

lets_encrypt() {
  [[ $TLS == letsencrypt ]] || return 0
  systemd_runs || { say "No certificate is asked for here: the self-signed one stays." && return; }
  local live=/etc/letsencrypt/live/$DOMAIN contact=(--register-unsafely-without-email)
  [[ -n $EMAIL ]] && contact=(--email "$EMAIL")
  if certbot certonly --webroot --webroot-path /var/www/fontid --domain "$DOMAIN" --non-interactive --agree-tos --quiet \
    --keep-until-expiring --deploy-hook 'systemctl reload nginx' "${contact[@]}"; then
    ln -sfn "$live/fullchain.pem" /etc/fontid/tls/fullchain.pem
    ln -sfn "$live/privkey.pem" /etc/fontid/tls/privkey.pem
    systemctl reload nginx
  else
    say "Let's Encrypt gave no certificate: the self-signed one stays. Does $DOMAIN lead here, and are ports 80 and 443"
    say "open? Then run this command again."
  fi
}

# --- from one release to another -------------------------------------------------------------------------------------

put() { # FILE PLACE
  cmp -s "$1" "$ROOT$2" && return
  install -D -m 644 "$1" "$ROOT$2"
  CHANGED=yes
}

nameservers() { # the unit keeps the app off private addresses, among which a name server may be
  say "[Service]"
  awk '$1 == "nameserver" { sub(/%.*/, "", $2); print "IPAddressAllow=" $2 }' /etc/resolv.conf
}

configure() { # RELEASE: unit and site as it brings them
  local deploy=$ROOT/opt/fontid/releases/$1/deploy made
  made=$(mktemp)
  put "$deploy/fontid.service" /etc/systemd/system/fontid.service
  nameservers >"$made"
  put "$made" /etc/systemd/system/fontid.service.d/nameservers.conf
  site "$deploy/nginx.conf" >"$made"
  put "$made" /etc/nginx/sites-available/fontid
  rm "$made"
  install -d "$ROOT/etc/nginx/sites-enabled" "$ROOT/var/www/fontid"
  ln -sfn /etc/nginx/sites-available/fontid "$ROOT/etc/nginx/sites-enabled/fontid"
  rm -f "$ROOT/etc/nginx/sites-enabled/default"
}

start() { # `current`, where it does not run yet as it should, and see that it answers
  if systemd_runs; then
    if [[ -n $CHANGED ]] || ! systemctl is-active --quiet fontid || ! systemctl is-active --quiet nginx; then
      systemctl daemon-reload
      systemctl enable --quiet fontid nginx
      systemctl restart fontid
      nginx -t -q && systemctl reload-or-restart nginx || return
    fi
    answers_over_http "http://127.0.0.1:$PORT" 120
  else
    answers_alone
  fi
}

activate() { # RELEASE: it runs, or the one before goes on
  local before
  before=$(release_of current)
  configure "$1"
  point current "$1"
  if start; then
    if [[ -n $before && $before != "$1" ]]; then point previous "$before"; fi
    return
  fi
  [[ -z $before || $before == "$1" ]] && die "$1 does not answer. What it says: journalctl -u fontid -n 50"
  say "$1 does not answer: back to $before"
  configure "$before"
  point current "$before"
  start || die "$before does not answer either. What it says: journalctl -u fontid -n 50"
  rm -rf "$ROOT/opt/fontid/releases/$1"
  die "$1 was refused; $before runs as before"
}

# --- checks ----------------------------------------------------------------------------------------------------------

named() { # the family of $PICTURE, as an answer has it
  local face
  face=$(sed -n '1s/.*"face": *"\([^"]*\)".*/\1/p' "$ROOT/opt/fontid/current/model/golden/golden.jsonl")
  echo "\"family\": *\"${face%-*-*}\""
}

answers_alone() { # without a server: the command line, as the user that the service has
  (cd "$ROOT/opt/fontid/current/" && as_fontid venv/bin/python -m fontid identify "$PICTURE" --json) | grep -q "$(named)"
}

ask() { # URL CURL'S OPTIONS: upload the picture and have it named
  local url=$1 path event
  shift
  path=$(curl -sS --fail --max-time 30 "$@" -F "files=@$ROOT/opt/fontid/current/$PICTURE" "$url/gradio_api/upload" | sed -n 's/^\["\(.*\)"\]$/\1/p') || return
  event=$(curl -sS --fail --max-time 30 "$@" -H 'Content-Type: application/json' "$url/gradio_api/call/identify" \
    -d "{\"data\": [{\"path\": \"$path\", \"meta\": {\"_type\": \"gradio.FileData\"}}, 1, [], [], \"any\", []]}" | sed -n 's/.*"event_id": *"\([^"]*\)".*/\1/p') || return
  curl -sS --fail --max-time 60 --no-buffer "$@" "$url/gradio_api/call/identify/$event" | grep -q "$(named)"
}

answers_over_http() { # URL SECONDS: within so many, where the app does not end before
  local until=$((SECONDS + $2))
  until curl -s --fail --max-time 5 -o /dev/null "$1/healthz"; do
    ((SECONDS < until && $(systemctl show -P NRestarts fontid) < 2)) || return
    sleep 1
  done
  ask "$1"
}

row() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" >/dev/null 2>&1; then say "ok      $name"; else
    say "FAILED  $name"
    FAILED=yes
  fi
}

disk_has_room() { (($(df --output=avail -k "$ROOT/opt/fontid" | tail -1) > 1000000)); }
uploads_are_in_memory() { grep -q ' /run/fontid .* tmpfs ' "/proc/$(systemctl show -P MainPID fontid)/mountinfo"; }
memory_used() { # MB; of the process alone where the kernel does not count for services
  local bytes
  bytes=$(systemctl show -P MemoryCurrent fontid)
  if [[ $bytes =~ ^[0-9]+$ ]]; then
    say $((bytes / 1000000))
  else
    awk '/^VmRSS/ { used = int($2 / 1000) } END { print used + 0 }' "/proc/$(systemctl show -P MainPID fontid)/status" 2>/dev/null || say 0
  fi
}
under_limit() { (($(memory_used) < 850)); }
release_is_whole() { [[ -n $(release_of current) && -x $ROOT/opt/fontid/current/venv/bin/python ]]; }
site_is_right() { nginx -t; }
through_nginx() {
  case $TLS in
    off) ask "http://$DOMAIN" --connect-to "::127.0.0.1:${LISTEN##*:}" ;;
    self-signed) ask "https://$DOMAIN" --insecure --connect-to ::127.0.0.1:443 ;;
    *) ask "https://$DOMAIN" --connect-to ::127.0.0.1:443 ;;
  esac
}
certificate_lasts() { openssl x509 -noout -checkend $((14 * 86400)) -in /etc/fontid/tls/fullchain.pem; }

check() {
  row "release $(release_of current)" release_is_whole
  row "more than 1 GB of the disk is free" disk_has_room
  if systemd_runs; then
    row "the site of nginx is right" site_is_right
    row "nginx runs" systemctl is-active nginx
    row "fontid runs, started again $(systemctl show -P NRestarts fontid) times" systemctl is-active fontid
    row "fontid names the font of a picture" answers_over_http "http://127.0.0.1:$PORT" 30
    row "and does so through nginx" through_nginx
    row "uploads are in memory" uploads_are_in_memory
    row "$(memory_used) MB of memory of 900 are used" under_limit
    [[ $TLS == off ]] || row "the certificate lasts for two weeks" certificate_lasts
  else
    row "the font of a picture is named, on the command line" answers_alone
    [[ -n $ROOT ]] || row "the site of nginx is right" site_is_right
    say "not run: what needs services, since systemd does not run here"
  fi
  [[ -z $FAILED ]] || die 'not all is well: see "At three in the morning" in deploy/README.md'
}

# --- commands --------------------------------------------------------------------------------------------------------

confirm() {
  [[ -n $YES || ! -t 0 ]] && return
  read -rp "Go on? [y/N] " answer
  [[ $answer == [yY]* ]] || die "nothing was changed"
}

tell_services() { systemd_runs || say "systemd does not run here: the files are installed, no service was started."; }

upgrade() {
  local name
  name=$(version)
  build "$name"
  activate "$name"
  forget_old_releases
  say "fontid $name is installed."
  tell_services
}

main() {
  local command=${1:-} names=()
  shift || true
  while (($#)); do
    case $1 in
      --domain | --email | --tls | --listen | --root | --venv)
        (($# > 1)) || die "$1 needs a value"
        case $1 in
          --domain) DOMAIN=$2 ;; --email) EMAIL=$2 ;; --tls) TLS=$2 ;; --listen) LISTEN=$2 ;;
          --root) ROOT=$(realpath -m "$2") ;; --venv) VENV=$2 ;;
        esac
        shift 2
        ;;
      --yes) YES=yes && shift ;;
      -*) die "$1 is no option: the head of this file lists them" ;;
      *) names+=("$1") && shift ;;
    esac
  done
  [[ -z $VENV || -n $ROOT ]] || die "--venv goes with --root: a server's releases have environments of their own"
  read_settings
  if [[ $TLS == letsencrypt ]]; then PACKAGES+=(certbot); fi
  case $command in
    plan) plan ;;
    pack) pack "${names[@]}" ;;
    site) need_domain site && site "$SOURCE/deploy/nginx.conf" ;;
    install)
      need_domain install && must_be_root
      plan
      confirm
      lock
      [[ -n $ROOT ]] || prepare_machine
      write_settings
      self_signed
      upgrade
      lets_encrypt
      ;;
    upgrade)
      must_be_root && lock
      [[ -n $(release_of current) ]] || die "nothing is installed here yet: deploy/setup.sh install"
      need_domain upgrade
      upgrade
      ;;
    rollback)
      must_be_root && lock
      local before
      before=$(release_of previous)
      [[ -n $before ]] || die "there is no release to go back to"
      activate "$before"
      say "fontid $before runs again."
      tell_services
      ;;
    check) check ;;
    *) die "one of plan, pack, install, upgrade, rollback, check and site: the head of this file tells what they do" ;;
  esac
}

main "$@"
