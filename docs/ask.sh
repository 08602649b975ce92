# For the examples of docs/printing.md: read it with ". docs/ask.sh" in the folder of the project.
# The demo: ./dev demo --broker-port 18830 --directory /tmp/edge-demo
PORT="${EDGE_BROKER_PORT:-18830}"
DEMO="${EDGE_DEMO:-/tmp/edge-demo}"
KITCHEN=edge/v1/DEMO/shared/pos_printer/kitchen-printer
TILL=edge/v1/DEMO/lane-1/pos/T9
LABELS=edge/v1/DEMO/shared/label_printer/shelf-labels
DISPLAY_1=edge/v1/DEMO/lane-1/line_display/lane-1-display

# ask DEVICE COMMAND REQUEST: sends a request and prints its reply
ask() { mosquitto_rr -V 5 -p "$PORT" -q 1 -W 30 -t "$1/command/$2" -e "${1%/*/*}/pos/me/reply" -m "$3"; }

# person PRINTER ORDER: what a person does at a printer of the demo, such as "paper_out on"
person() { echo "$2" > "$DEMO/orders/$1"; }

# wait_for WORDS COMMAND...: until the command says the words
wait_for() {
    words="$1"; shift
    for try in $(seq 100); do "$@" | grep -q "$words" && return 0; sleep 0.2; done
    echo "'$words' did not come from: $*" >&2; return 1
}
