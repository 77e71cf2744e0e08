// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/testconn"
)

var timestamp = regexp.MustCompile(`"timestamp": \{[^}]*\}`)

// TestTranscript says what stands behind "->" in the transcript, and compares what
// comes back with what stands behind "<-".
func TestTranscript(t *testing.T) {
	text, err := os.ReadFile("testdata/session.transcript")
	if err != nil {
		t.Fatal(err)
	}
	client := testconn.Serve(t, newServer().Serve)
	r := bufio.NewReader(client)
	said := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if s, ok := strings.CutPrefix(line, "-> "); ok {
			said = s
			io.WriteString(client, s+"\n")
		}
		if want, ok := strings.CutPrefix(line, "<- "); ok {
			got, err := r.ReadString('\n')
			got = timestamp.ReplaceAllString(strings.TrimSuffix(got, "\r\n"), `"timestamp": 0`)
			if err != nil || got != want {
				t.Fatalf("after %s comes\n%s (error %v)\nwant\n%s", said, got, err, want)
			}
		}
	}
}

// alike are messages that QEMU answers with the same words.
var alike = []string{
	`{"execute":"query-status"}`,
	`{"execute":"nosuch"}`,
	`{"execute":"qmp_capabilities","id":1}`,
	`{"execute":"qmp_capabilities"}`,
	`{"execute":"query-status","id":{"a":[1,2]}}`,
	`{"execute":"nosuch","id":"x"}`,
	`{"execute":"snapshot-save","arguments":{}}`,
	`{"execute":"job-dismiss","arguments":{"id":"j"}}`,
	`{"execute":"snapshot-save","arguments":{"job-id":"j 2","tag":"t","vmstate":"d","devices":["d"]}}`,
	`{"execute":"human-monitor-command"}`,
	`{"execute":"human-monitor-command","arguments":{"command-line":5}}`,
	`{"execute":"human-monitor-command","arguments":{"command-line":"nosuch"}}`,
	`{"execute":"human-monitor-command","arguments":{"command-line":"info status"}}`,
	`{"execute":"query-name"}`,
	`{"execute":"query-jobs"}`,
	`{"execute":"query-commands","arguments":{"x":1}}`,
	`{"execute":"stop","arguments":[]}`,
	`{"execute":"query-name","arguments":null}`,
	`{"execute":5}`,
	`{"exec":5}`,
	`{"execute":"stop","foo":5}`,
	`{}`, `[1,2]`, `5 `, `"x"`, `{'execute':'query-na\'me'}`,
	`{"execute":"stop","id":5,"id":6}`,
	`{"execute":"replay-break","arguments":{"icount":"5"}}`,
	`{"execute":"replay-break","arguments":{"icount":1.5}}`,
	`{"execute":"replay-seek","arguments":{}}`,
	`{"execute":"query-name", "id": 99} {"execute":"query-name"}`,
	`{"execute":"query-name"`, `,"id":7}`,
}

// TestLikeQEMU compares the answers to these with those of the real QEMU, if it is
// installed.
func TestLikeQEMU(t *testing.T) {
	path, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Skip("QEMU is not installed")
	}
	text := strings.Join(alike, "\n") + "\n{\"execute\":\"quit\"}\n" // QEMU stays when its input ends
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	qemu := exec.CommandContext(ctx, path, "-qmp", "stdio", "-S", "-nodefaults", "-display", "none", "-accel", "tcg")
	qemu.Stdin = strings.NewReader(text)
	out, err := qemu.Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("running QEMU: %v", err)
	}
	client := testconn.Serve(t, newServer().Serve)
	go func() {
		io.WriteString(client, text)
		client.(*net.UnixConn).CloseWrite()
	}()
	ours, err := io.ReadAll(client)
	if err != nil {
		t.Fatal(err)
	}
	ours, out = timestamp.ReplaceAll(ours, []byte(`"timestamp": 0`)), timestamp.ReplaceAll(out, []byte(`"timestamp": 0`))
	want, got := parse(t, out), parse(t, ours)
	for i := 1; i < max(len(want), len(got)); i++ { // the greetings differ
		if i >= len(want) || i >= len(got) || !reflect.DeepEqual(want[i], got[i]) {
			t.Fatalf("answer %d is %v; QEMU's is %v\nall of ours:\n%s\nall of QEMU's:\n%s", i, at(got, i), at(want, i), ours, out)
		}
	}
}

func at(list []map[string]any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return "missing"
}

func parse(t *testing.T, out []byte) (list []map[string]any) {
	d := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var m map[string]any
		if err := d.Decode(&m); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		list = append(list, m)
	}
}

// TestTooLong checks that an endless message ends the connection, with an error.
func TestTooLong(t *testing.T) {
	client := testconn.Serve(t, newServer().Serve)
	go io.WriteString(client, `{"execute":"`+strings.Repeat("x", 2*maxMessage))
	out, _ := io.ReadAll(client)
	if !strings.Contains(string(out), errTooLong.Error()) {
		t.Errorf("a message without an end is answered by %q; want an error and the end of the connection", out)
	}
}

// TestSlowReader checks that a client that does not read cannot hold up an event.
func TestSlowReader(t *testing.T) {
	s := newServer()
	client := testconn.Serve(t, s.Serve)
	r := bufio.NewReader(client)
	io.WriteString(client, `{"execute":"qmp_capabilities"}`)
	for range 2 {
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 * maxEvents {
		s.Emit("STOP", nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) != 0 {
		t.Error("a client that reads nothing is still told of events")
	}
}

// quit waits for nothing that is done with the machine.
func TestQuitWithABusyMachine(t *testing.T) {
	s := newServer()
	s.Do = func(ctx context.Context, _ func()) error {
		<-ctx.Done()
		return ctx.Err()
	}
	client := testconn.Serve(t, s.Serve)
	io.WriteString(client, `{"execute":"qmp_capabilities"}{"execute":"quit"}`)
	client.(*net.UnixConn).CloseWrite()
	if out, err := io.ReadAll(client); err != nil || !strings.Contains(string(out), "SHUTDOWN") {
		t.Errorf("quit with the machine busy is answered by %q, error %v; want the end of the run", out, err)
	}
}

// TestHungUp is a client that goes while its command takes long.
func TestHungUp(t *testing.T) {
	s, started, ended := newServer(), make(chan bool), make(chan error, 1)
	s.Do = func(ctx context.Context, _ func()) error {
		started <- true
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	client := testconn.Serve(t, testconn.HangingUp(s.Serve))
	io.WriteString(client, `{"execute":"qmp_capabilities"}{"execute":"replay-seek","arguments":{"icount":5}}`)
	<-started
	client.Close()
	if err := <-ended; err != context.Canceled {
		t.Errorf("a command whose client has gone ends with %v; want %v", err, context.Canceled)
	}
}
