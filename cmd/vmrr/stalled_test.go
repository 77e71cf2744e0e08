// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vmrr/vmrr/replay"
)

// One signal ends a run whose standard output takes nothing, and its recording is
// closed properly.
func TestSignalWithStalledOutput(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rec")
	out, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := unix.FcntlInt(theirs.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	// Each byte is answered with a line: more than the pipe and vmrr take.
	c := exec.Cmd{Path: os.Args[0], Args: []string{"vmrr", "record", "-kernel", link(t), "-append", "0", "-m", "32M", "-o", dir},
		Stdin: strings.NewReader(strings.Repeat("b", 20_000)), Stdout: theirs}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	theirs.Close()
	stands := func() (at uint64) {
		if tape, _ := replay.LoadTape(filepath.Join(dir, "events.log")); tape != nil {
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
	c.Process.Signal(syscall.SIGTERM)
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("the recorder ends with %v; want exit code %d", err, exitInterrupted)
	}
	tape, err := replay.LoadTape(filepath.Join(dir, "events.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	if end := tape.End(); end.CutOff != nil {
		t.Errorf("the recording ends at %v: %v; want it to be whole", end.At, end.CutOff)
	}
}
