// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vmrr/vmrr/replay"
)

// stalledRun is a recorder whose standard output takes nothing, and whose guest waits
// for it.
type stalledRun struct {
	*exec.Cmd
	dir    string // of the recording
	stderr bytes.Buffer
}

// startStalled starts one. Whether its guest really waits is known in the end.
func startStalled(t *testing.T, args ...string) *stalledRun {
	t.Helper()
	out, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	if _, err := unix.FcntlInt(theirs.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	// Each byte is answered with a line: more than the pipe and vmrr take.
	r := &stalledRun{dir: filepath.Join(t.TempDir(), "rec")}
	r.Cmd = &exec.Cmd{Path: os.Args[0], Args: append([]string{"vmrr", "record", "-kernel", link(t, "ticker"), "-append", "0", "-m", "32M", "-o", r.dir}, args...),
		Stdin: strings.NewReader(strings.Repeat("b", 20_000)), Stdout: theirs, Stderr: &r.stderr}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	theirs.Close()
	stands := func() (at uint64) {
		if tape, _ := replay.LoadTape(filepath.Join(r.dir, "events.log")); tape != nil {
			at = tape.End().At.ICount
			tape.Close()
		}
		return at
	}
	begun := time.Now()
	for last, same := uint64(0), 0; same < 5; time.Sleep(100 * time.Millisecond) {
		switch at := stands(); {
		case at != 0 && at == last:
			same++
		default:
			last, same = at, 0
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the guest does not wait for its output to be read")
		}
	}
	return r
}

// ends waits for the run's end. Its guest has waited if what vmrr keeps was full; then
// the recording must be whole all the same.
func (r *stalledRun) ends(t *testing.T, code int) {
	t.Helper()
	r.Wait()
	if got := r.ProcessState.ExitCode(); got != code {
		t.Errorf("the recorder exits with %d; want %d", got, code)
	}
	lost, found := 0, regexp.MustCompile(`it takes nothing, and (\d+) bytes are lost`).FindStringSubmatch(r.stderr.String())
	if found != nil {
		lost, _ = strconv.Atoi(found[1])
	}
	if lost < 16<<10 {
		t.Errorf("the recorder says %q; want it to have lost what it kept while the guest waited", r.stderr.String())
	}
	tape, err := replay.LoadTape(filepath.Join(r.dir, "events.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	if end := tape.End(); end.CutOff != nil {
		t.Errorf("the recording ends at %v: %v; want it to be whole", end.At, end.CutOff)
	}
}

// One signal ends a run whose standard output takes nothing, and its recording is
// closed properly.
func TestSignalWithStalledOutput(t *testing.T) {
	r := startStalled(t)
	r.Process.Signal(syscall.SIGTERM)
	r.ends(t, exitInterrupted)
}

// A monitor answers although standard output takes nothing.
func TestMonitorWithStalledOutput(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "m")
	r := startStalled(t, "-monitor", "unix:"+socket+",server=on,wait=off")
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute)) // so that a bug is a failure
	in := bufio.NewReader(conn)
	for _, step := range []struct{ command, want string }{
		{"", "monitor"}, {"info status", "running"}, {"stop", ""}, {"info status", "paused"}, {"cont", ""}, {"info status", "running"},
	} {
		if step.command != "" {
			io.WriteString(conn, step.command+"\n")
		}
		seen := ""
		for !strings.HasSuffix(seen, "(qemu) ") {
			b, err := in.ReadByte()
			if err != nil {
				t.Fatalf("%q is answered by %q and then %v; want a prompt", step.command, seen, err)
			}
			seen += string(rune(b))
		}
		if !strings.Contains(seen, step.want) {
			t.Errorf("%q is answered by %q; want %q", step.command, seen, step.want)
		}
	}
	io.WriteString(conn, "quit\n")
	r.ends(t, exitError)
}
