# What stands between the words of a document and the programs they start here. Read by the test of the documents.
set -Eeuo pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR

# A gateway in the foreground is left in the background as soon as it says that it runs.
serve_until_ready() {
  command keyporter stop >/dev/null 2>&1 || true
  local listen=(--listen "127.0.0.1:$GATEWAY_PORT") line
  if grep -qsE '^(listen|listeners):' keyporter.yaml && [[ " $* " == *" --config "* ]]; then listen=(); fi
  if [[ " $* " == *" --listen "* ]]; then listen=(); fi
  local said="$HOME/said.$RANDOM"
  mkfifo "$said"
  command keyporter serve "${listen[@]}" "$@" >"$said" 2>&1 &
  exec {heard}<"$said"
  while read -r line <&"$heard"; do
    echo "$line"
    case $line in 'data directory'*) return 0 ;; esac
  done
  echo 'the gateway has ended'
  return 1
}

keyporter() {
  case "$*" in
    serve*) shift; serve_until_ready "$@" ;;
    # Somebody at a terminal would be asked, and say yes.
    *'keys revoke'*) command keyporter "$@" --yes <<<"$PASTED" ;;
    # What follows does not end by itself; Ctrl-C ends it.
    *' -f' | *' -f '* | *--follow*) timeout --preserve-status --signal=INT 2 keyporter "$@" || [ $? -eq 130 ] ;;
    *' -' | *' - '*) command keyporter "$@" <<<"$PASTED" ;;
    *) command keyporter "$@" </dev/null ;;
  esac
}

npm() {
  case "$1" in
    start) shift; [ "${1-}" != -- ] || shift; serve_until_ready "$@" ;;
    *) echo "the documents run no npm $1 here" >&2; return 1 ;;
  esac
}

# A refusal is a failure of the document, not an answer.
curl() { command curl --fail-with-body --max-time 20 "$@"; }
