// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
)

var flips = flag.Int("flips", 1000, "how many bytes TestDamagedAnywhere damages")

// recordSome makes a recording of some 300 million instructions of a boot.
func recordSome(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "rec")
	c := exec.Cmd{Path: os.Args[0], Args: []string{"vmrr", "record", "-kernel", filepath.Join(guests, "vmlinuz"),
		"-initrd", filepath.Join(guests, "initrd.gz"), "-append", "console=ttyS0", "-icount", "shift=3,sleep=off",
		"--snapshot-every", "50M", "-rrsnapshot", "init", "-o", dir}}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "events.log")
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if tape, _ := replay.LoadTape(log); tape != nil {
			far := tape.End().At.ICount >= 300_000_000
			tape.Close()
			if far {
				break
			}
		}
		if time.Since(begun) > time.Minute {
			c.Process.Kill()
			t.Fatal("the recorder does not get on")
		}
	}
	c.Process.Signal(syscall.SIGINT)
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Fatalf("recording ended with %v; want exit code %d", err, exitInterrupted)
	}
	return dir
}

// look opens a recording and checks everything in it.
func look(dir string, out io.Writer) error {
	d, err := recordings.OpenDir(dir)
	if err != nil {
		return err
	}
	return recordingInfo(out, d)
}

// filesOf lists the files of a recording.
func filesOf(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 6 {
		t.Fatalf("the files of the recording are %q, error %v; want six at least", files, err)
	}
	return files
}

// recordsOf returns what a log has to say before it is damaged or ends.
func recordsOf(t *testing.T, path string) (all []replay.Record) {
	t.Helper()
	d, err := recordings.OpenDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	tape, _ := d.LoadTape()
	if tape == nil {
		return nil
	}
	defer tape.Close()
	for r, err := range tape.Records() {
		if err != nil {
			break
		}
		all = append(all, r)
	}
	return all
}

// noticed fails the test unless a recording's damage is found, named, and of the
// log a good part is left.
func noticed(t *testing.T, dir, path, what string, log []replay.Record) {
	t.Helper()
	var said bytes.Buffer
	err := look(dir, &said)
	// What seems to be another recording's, or of another format, is not called damage.
	elsewhere := err != nil && (strings.Contains(err.Error(), "of another") || strings.Contains(err.Error(), "format version"))
	switch code := exitCode(err); {
	case err == nil && filepath.Base(path) == "stores.log" && strings.Contains(said.String(), "stores        not known"):
	case err == nil && !strings.Contains(said.String(), "cut off"):
		t.Errorf("%s: nobody noticed", what)
	case err == nil: // the log or the index of snapshots, as a killed recorder leaves it
	case code != exitDamaged && !(code == exitError && elsewhere):
		t.Errorf("%s: exit code %d (%v); want %d", what, code, err, exitDamaged)
	case !strings.Contains(err.Error(), filepath.Base(path)) && filepath.Base(path) != "manifest.json":
		t.Errorf("%s: the error does not name %s: %v", what, filepath.Base(path), err)
	}
	if filepath.Base(path) != "events.log" {
		return
	}
	if got := recordsOf(t, path); len(got) >= len(log) || len(got) > 0 && !reflect.DeepEqual(got, log[:len(got)]) {
		t.Errorf("%s: %d records of the log are left, which are not a part of the %d that it had", what, len(got), len(log))
	}
}

// Whatever byte of a recording is not what was written, it is noticed.
func TestDamagedAnywhere(t *testing.T) {
	dir := recordSome(t)
	if err := look(dir, io.Discard); err != nil {
		t.Fatalf("the recording itself: %v", err)
	}
	files, random := filesOf(t, dir), testguest.Random(3)
	log := recordsOf(t, filepath.Join(dir, "events.log"))
	for range *flips {
		path := files[random.IntN(len(files))]
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		at, bit := random.Int64N(st.Size()), byte(1)<<random.IntN(8)
		flip := func() {
			var b [1]byte
			if _, err := f.ReadAt(b[:], at); err != nil {
				t.Fatal(err)
			}
			b[0] ^= bit
			if _, err := f.WriteAt(b[:], at); err != nil {
				t.Fatal(err)
			}
		}
		flip()
		noticed(t, dir, path, fmt.Sprintf("bit %#02x of byte %d of %s flipped", bit, at, filepath.Base(path)), log)
		flip()
		f.Close()
	}
	if err := look(dir, io.Discard); err != nil {
		t.Fatalf("the recording is not what it was: %v", err)
	}
}

// What happens to whole files is noticed as well.
func TestDamagedFiles(t *testing.T) {
	dir, other := recordSome(t), recordSome(t)
	log := recordsOf(t, filepath.Join(dir, "events.log"))
	for _, path := range filesOf(t, dir) {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		zeroed := bytes.Clone(whole)
		at := min(len(whole)/2, max(0, len(whole)-4096)) &^ 4095
		clear(zeroed[at:min(len(whole), at+4096)])
		cases := map[string][]byte{"empty": {}, "cut in half": whole[:len(whole)/2], "with 4 KiB zeroed": zeroed}
		rel, _ := filepath.Rel(dir, path)
		if foreign, err := os.ReadFile(filepath.Join(other, rel)); err == nil && !bytes.Equal(foreign, whole) {
			cases["of another recording"] = foreign
		}
		for what, b := range cases {
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			noticed(t, dir, path, rel+" "+what, log)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		noticed(t, dir, path, rel+" missing", log)
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := look(dir, io.Discard); err != nil {
		t.Fatalf("the recording is not what it was: %v", err)
	}
}
