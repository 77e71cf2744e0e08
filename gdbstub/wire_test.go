// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestWire plays testdata/*.wire over a connection: what lies below packets, and the
// coming and going of clients. A line "> BYTES" is sent and "< BYTES" is what comes next,
// ">> PACKET" and "<< PACKET" the same with all that is around a packet, each with
// Go's escapes. "target NAME" serves a target, "client" connects to it, "hang up" closes the
// connection, "gone" says that it is closed, "running" waits until the machine runs, and
// "left HOW" until the target is told that the client has left. The rest is comment.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/*.wire")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".wire"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			playWire(t, string(text))
		})
	}
}

func playWire(t *testing.T, text string) {
	var (
		f    *fake
		addr string
		c    *client
	)
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		what, rest, _ := strings.Cut(line, " ")
		bytes, err := strconv.Unquote(`"` + rest + `"`)
		if strings.Trim(what, "<>") == "" && err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if strings.HasSuffix(what, ">>") || strings.HasSuffix(what, "<<") {
			bytes = string(frame([]byte(bytes)))
		}
		switch what {
		case ">", ">>":
			c.send(bytes)
		case "<", "<<":
			t.Logf("awaiting %q", line)
			c.expect(bytes)
		case "target":
			f = newFake()
			f.spin = rest == "spinning"
			addr = startServer(t, f)
		case "client":
			c = dial(t, addr)
		case "hang":
			c.conn.Close()
		case "gone":
			c.expectEnd()
		case "running":
			<-f.running
		case "left":
			if got := <-f.left; got != rest {
				t.Fatalf("line %q: the target is told %q", line, got)
			}
		}
	}
}
