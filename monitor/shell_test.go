// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/testconn"
)

var update = flag.Bool("update", false, "write the transcripts anew")

func newShell() *Shell {
	m := &Monitor{Session: &fakeSession{}, Control: &fakeControl{state: StatePrelaunch}, Mode: ModeReplay, Path: "rec", Version: "1.2"}
	return &Shell{Monitor: m, Do: func(_ context.Context, f func()) error { f(); return nil }}
}

// until reads up to and with the prompt.
func until(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var b strings.Builder
	for !strings.HasSuffix(b.String(), prompt) {
		c, err := r.ReadByte()
		if err != nil {
			t.Fatalf("the monitor says %q and then %v; want a prompt", b.String(), err)
		}
		b.WriteByte(c)
	}
	return b.String()
}

// TestTranscripts types what stands behind the prompts in testdata/*.transcript and
// compares all that comes back.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.transcript")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no transcripts: %v", err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		client := testconn.Serve(t, newShell().Serve)
		r := bufio.NewReader(client)
		got := until(t, r)
		for line := range strings.Lines(string(want)) {
			command, typed := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prompt)
			if !typed || command == "" {
				continue
			}
			io.WriteString(client, command+"\n")
			got += until(t, r)
		}
		got = strings.ReplaceAll(got, "\r\n", "\n") + "\n"
		if *update {
			os.WriteFile(file, []byte(got), 0o666)
		} else if got != string(want) {
			t.Errorf("%s: the monitor says\n%s\nwant\n%s", file, got, want)
		}
	}
}

func TestShellEndings(t *testing.T) {
	t.Run("piped in", func(t *testing.T) { // all is answered before the end
		client := testconn.Serve(t, newShell().Serve)
		io.WriteString(client, "replay_seek 5\ninfo replay\n")
		client.(*net.UnixConn).CloseWrite()
		out, err := io.ReadAll(client)
		if err != nil || !strings.Contains(string(out), "instruction count = 5\r\n") {
			t.Errorf("what was piped in gets %q, error %v; want the count", out, err)
		}
	})
	t.Run("machine gone", func(t *testing.T) {
		s := newShell()
		s.Do = func(context.Context, func()) error { return errors.New("the machine is gone") }
		client := testconn.Serve(t, s.Serve)
		io.WriteString(client, "info replay\n")
		r := bufio.NewReader(client)
		until(t, r)
		if got := until(t, r); !strings.Contains(got, "Error: the machine is gone\r\n") {
			t.Errorf("with the machine gone the monitor says %q", got)
		}
	})
	t.Run("quit", func(t *testing.T) { // waits for nothing that is done with the machine
		s := newShell()
		s.Do = func(ctx context.Context, _ func()) error {
			<-ctx.Done()
			return ctx.Err()
		}
		for _, line := range []string{"quit", " q "} {
			control := &fakeControl{}
			s.Monitor.Control = control
			client := testconn.Serve(t, s.Serve)
			io.WriteString(client, line+"\n")
			client.(*net.UnixConn).CloseWrite()
			if out, err := io.ReadAll(client); err != nil || !control.quit {
				t.Errorf("%q with the machine busy: %q, error %v; want the run to end", line, out, err)
			}
		}
	})
	t.Run("hung up", func(t *testing.T) { // ends it too
		s, started, ended := newShell(), make(chan bool), make(chan error, 1)
		s.Do = func(ctx context.Context, _ func()) error {
			started <- true
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}
		client := testconn.Serve(t, testconn.HangingUp(s.Serve))
		io.WriteString(client, "replay_seek end\n")
		<-started
		client.Close()
		if err := <-ended; err != context.Canceled {
			t.Errorf("a command whose peer has gone ends with %v; want %v", err, context.Canceled)
		}
	})
	t.Run("Ctrl-C", func(t *testing.T) { // ends the command in progress
		s, started := newShell(), make(chan bool)
		s.Do = func(ctx context.Context, _ func()) error {
			started <- true
			<-ctx.Done()
			return ctx.Err()
		}
		client := testconn.Serve(t, s.Serve)
		io.WriteString(client, "replay_seek end\n")
		<-started
		io.WriteString(client, "\x03")
		r := bufio.NewReader(client)
		until(t, r)
		if got := until(t, r); !strings.Contains(got, "context canceled") {
			t.Errorf("a command that Ctrl-C ended prints %q", got)
		}
	})
}

// Ctrl-C is seen at once, wherever it is in what is typed and however much that is,
// and what was typed ahead of it is dropped.
func TestCtrlCBehindWhatIsTypedAhead(t *testing.T) {
	for _, c := range []struct {
		what  string
		typed []string
	}{
		{"alone", []string{"\x03"}},
		{"in the middle", []string{"info version\nand \x03"}},
		{"behind many keys", append(strings.Split(strings.Repeat("info version\n", 50), ""), "\x03")},
		{"behind many lines", []string{strings.Repeat("info version\n", 5000), "x\x03"}},
	} {
		s, started := newShell(), make(chan bool)
		done := s.Do
		s.Do = func(ctx context.Context, _ func()) error {
			started <- true
			<-ctx.Done()
			s.Do = done // for the next command
			return ctx.Err()
		}
		keys, typist := io.Pipe()
		var out bytes.Buffer
		ended := make(chan bool)
		go func() {
			defer close(ended)
			s.Serve(t.Context(), struct {
				io.Reader
				io.Writer
				io.Closer
			}{keys, &out, keys})
		}()
		io.WriteString(typist, "replay_seek end\n")
		<-started
		for _, p := range c.typed {
			io.WriteString(typist, p) // returns when it is read
		}
		io.WriteString(typist, "info name\n")
		typist.Close()
		<-ended
		if got := out.String(); strings.Count(got, "context canceled") != 1 || strings.Contains(got, "info version") || !strings.Contains(got, "info name") {
			t.Errorf("Ctrl-C %s: the monitor says %.300q; want one command cancelled, what was typed ahead dropped, and the next line", c.what, got)
		}
	}
}

func TestEditor(t *testing.T) {
	for _, c := range []struct {
		typed string
		lines []string
	}{
		{"stop\r", []string{"stop"}},
		{"stop\r\ncont\n", []string{"stop", "cont"}},
		{"\n\r\n", []string{"", ""}},
		{"stoq\bp\x7fp\n", []string{"stop"}},
		{"\b\b\x7fa\n", []string{"a"}},
		{"aé\bb\n", []string{"ab"}},
		{"junk\x15stop\n", []string{"stop"}},
		{"junk\x03stop\n", []string{"stop"}},
		{"a\x0cb\n", []string{"ab"}},
		{"a\x00\x02\tb\n", []string{"ab"}},
		{"one\ntwo\n\x1b[A\n\x1b[A\x1b[A\n\x1bOA\x1b[B\n", []string{"one", "two", "two", "one", ""}},
		{"a\x1b[1;5Cb\x1b[999999999999~c\n", []string{"abc"}},
		{"\x1b[" + strings.Repeat("1", 5000) + "mstop\n", []string{"stop"}},
		{strings.Repeat("x", 5000) + "\n", []string{strings.Repeat("x", maxLine)}},
	} {
		e := editor{prompt: prompt}
		var got []string
		for _, b := range []byte(c.typed) {
			if line, done := e.typed(b); done {
				got = append(got, line)
				e.start()
			}
		}
		if strings.Join(got, "|") != strings.Join(c.lines, "|") || len(got) != len(c.lines) {
			t.Errorf("typing %.60q gives the lines %.60q; want %.60q", c.typed, got, c.lines)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	e := editor{}
	for i := range 3 * maxHistory {
		e.remember(strings.Repeat("x", i))
	}
	if len(e.history) != maxHistory || len(e.history[0]) != 2*maxHistory {
		t.Errorf("after %d lines the history has %d, the oldest with %d bytes; want %d and %d",
			3*maxHistory, len(e.history), len(e.history[0]), maxHistory, 2*maxHistory)
	}
}

func FuzzEditor(f *testing.F) {
	f.Add([]byte("stop\r\n\x1b[A\x1b[B\x15\x03\x7fé\n"))
	f.Fuzz(func(t *testing.T, typed []byte) {
		e := editor{prompt: prompt}
		for _, b := range typed {
			line, done := e.typed(b)
			if len(line) > maxLine || len(e.line) > maxLine || len(e.history) > maxHistory {
				t.Fatalf("after %q: a line of %d bytes, %d typed, %d in the history", typed, len(line), len(e.line), len(e.history))
			}
			if strings.ContainsAny(line, "\r\n\x1b\x03") {
				t.Fatalf("%q gives the line %q", typed, line)
			}
			if done {
				e.start()
			}
		}
	})
}
