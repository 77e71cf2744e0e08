// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// connect connects to a socket that vmrr is about to make.
func connect(ts *testscript.TestScript, path string) net.Conn {
	for range 600 {
		if conn, err := net.Dial("unix", ts.MkAbs(path)); err == nil {
			conn.SetDeadline(time.Now().Add(time.Minute)) // so that a bug is a failure
			return conn
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("nobody listens on %s", path)
	return nil
}

// hmp runs `hmp SOCKET COMMAND...`: it types each command at the monitor's prompt.
// "until TEXT: COMMAND" repeats one until its answer matches. Its standard output is
// the dialogue.
func hmp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hmp SOCKET COMMAND...")
	}
	conn := connect(ts, args[0])
	defer conn.Close()
	r := bufio.NewReader(conn)
	prompt := func() string {
		seen := ""
		for !strings.HasSuffix(seen, "(qemu) ") {
			b, err := r.ReadByte()
			if err != nil {
				ts.Fatalf("the monitor says %q and then %v; want a prompt", seen, err)
			}
			seen += string(rune(b))
		}
		seen = strings.ReplaceAll(seen, "\r", "")
		io.WriteString(ts.Stdout(), seen)
		return seen
	}
	prompt()
	for _, command := range args[1:] {
		wanted := regexp.MustCompile("")
		if rest, ok := strings.CutPrefix(command, "until "); ok {
			text, again, _ := strings.Cut(rest, ": ")
			wanted, command = regexp.MustCompile(text), again
		}
		for {
			io.WriteString(conn, command+"\n")
			if command == "quit" {
				io.Copy(io.Discard, r)
				return
			}
			if wanted.MatchString(prompt()) {
				break
			}
		}
	}
}

// qmpTalk runs `qmp SOCKET MESSAGE...`: it sends each message when the one before
// is answered; "await EVENT" waits for an event instead, which may have come ahead of
// the answer. Its standard output is what comes, events included.
func qmpTalk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: qmp SOCKET MESSAGE...")
	}
	conn := connect(ts, args[0])
	defer conn.Close()
	r := bufio.NewReader(conn)
	var since strings.Builder // what came since the last message was sent
	until := func(wanted ...string) {
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				ts.Fatalf("waiting for %q: %v", wanted, err)
			}
			since.WriteString(line)
			io.WriteString(ts.Stdout(), strings.ReplaceAll(line, "\r", ""))
			for _, w := range wanted {
				if strings.Contains(line, w) {
					return
				}
			}
		}
	}
	until(`{"QMP"`)
	for _, message := range args[1:] {
		if event, ok := strings.CutPrefix(message, "await "); ok {
			if !strings.Contains(since.String(), event) {
				until(event)
			}
			continue
		}
		since.Reset()
		io.WriteString(conn, message+"\n")
		until(`{"return"`, `{"error"`)
	}
}
