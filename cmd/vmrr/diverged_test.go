// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
)

// rewrite writes a recording's log anew with some records changed, checksums and all:
// what a bug or bad memory would have recorded.
func rewrite(t *testing.T, dir string, change func(*replay.Record)) {
	t.Helper()
	d, err := recordings.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	tape, err := d.LoadTape()
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	path := filepath.Join(t.TempDir(), "log")
	w, err := replay.CreateLog(path, d.ID())
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range tape.Records() {
		if err != nil {
			t.Fatal(err)
		}
		change(&r)
		if err := w.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.LogPath(), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A replay that is not the recorded run any more stops there with exit code 3; gdb
// hears of it, stays, looks around and goes back.
func TestDivergedReplay(t *testing.T) {
	const ram, at = 2, 100_000_000 // a part of the state, as machine.Machine.Parts lists it
	dir := recordSome(t)
	rewrite(t, dir, func(r *replay.Record) {
		if r.Kind == replay.KindHash && r.At.ICount == at {
			r.Hash.Parts[ram]++
		}
	})
	const told = "diverged from the recording at icount 100000000: the state of RAM"
	var exit *exec.ExitError
	alone := exec.Cmd{Path: os.Args[0], Args: []string{"vmrr", "replay", dir}}
	out, err := alone.CombinedOutput()
	if !errors.As(err, &exit) || exit.ExitCode() != exitDiverged || !bytes.Contains(out, []byte(told)) {
		t.Errorf("a replay that diverges ends with %v and says\n%s\nwant exit code %d and %q", err, out, exitDiverged, told)
	}

	// One who stays there, for a monitor, is told once, and ends by a signal.
	var stayed strings.Builder
	monitored := exec.Command(os.Args[0])
	monitored.Args = []string{"vmrr", "replay", dir, "-monitor", "unix:" + filepath.Join(t.TempDir(), "m") + ",server=on,wait=off"}
	messages, err := monitored.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := monitored.Start(); err != nil {
		t.Fatal(err)
	}
	defer monitored.Process.Kill()
	for lines := bufio.NewScanner(messages); lines.Scan(); {
		if stayed.WriteString(lines.Text() + "\n"); strings.Contains(lines.Text(), told) {
			monitored.Process.Signal(os.Interrupt)
		}
	}
	if err := monitored.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitDiverged || strings.Count(stayed.String(), told) != 1 {
		t.Errorf("a replay that stays where it diverges ends with %v and says\n%s\nwant exit code %d and %q once", err, stayed.String(), exitDiverged, told)
	}

	socket := filepath.Join(t.TempDir(), "gdb")
	server := exec.Cmd{Path: os.Args[0], Args: []string{"vmrr", "replay", dir, "-S", "-gdb", "unix:" + socket}}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			break
		} else if time.Since(begun) > time.Minute {
			t.Fatal("the replay does not listen for gdb")
		}
	}
	args := []string{"-q", "-batch", "-nx"}
	for _, command := range []string{"set architecture i386:x86-64", "set remotetimeout 600", "target remote " + socket, "continue",
		"monitor info replay", "monitor cont", "stepi", "monitor info replay", "reverse-stepi", "monitor info replay", "kill"} {
		args = append(args, "-ex", command)
	}
	said, err := exec.Command("gdb", args...).CombinedOutput()
	if err != nil {
		t.Errorf("gdb: %v", err)
	}
	text := string(said)
	for _, want := range []string{told, "No more reverse-execution history", "instruction count = 100000000", // continue
		told, "go back first", // monitor cont
		told, "instruction count = 100000000", // stepi
		"instruction count = 99999999"} { // reverse-stepi
		_, rest, found := strings.Cut(text, want)
		if !found {
			t.Fatalf("gdb says\n%s\nwant %q, in its place", said, want)
		}
		text = rest
	}
	if err := server.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitDiverged {
		t.Errorf("the replay that gdb ends ends with %v; want exit code %d", err, exitDiverged)
	}
}
