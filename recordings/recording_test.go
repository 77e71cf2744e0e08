// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

var testEmulator = Emulator{Version: "test", Engine: unicorn.Behaviour(),
	NewEngine: func(mem cpu.Memory, model *x86.Model, board cpu.Board) (cpu.Engine, error) {
		return unicorn.New(unicorn.Config{RAM: mem.Host, Regions: mem.Regions, Model: model, Board: board})
	}}

// bootConfig is the test guest.
func bootConfig(t *testing.T) pc.Config {
	return pc.Config{RAM: testguest.RAM, CPU: "qemu64", NoReboot: true, Kernel: testguest.File(t, testguest.Vmlinux),
		Initrd: testguest.File(t, "initrd.gz"), CommandLine: "console=ttyS0"}
}

// recordBoot records the beginning of a boot, with a snapshot "mid" on the way, has more
// done with the machine at its end, and ends it.
func recordBoot(t *testing.T, m *Maker, more func(*timeline.Live)) {
	t.Helper()
	if testing.Short() {
		t.Skip("it boots a guest")
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	live := testguest.Live()
	m.Emulator, m.Config, m.Inputs, m.Wall = testEmulator, bootConfig(t), live, testguest.WallClock
	rec, err := m.Begin()
	if err != nil {
		t.Fatal(err)
	}
	vm, board, err := pc.New(m.Config, testEmulator.NewEngine, rec, pc.Outputs{})
	if err != nil {
		t.Fatal(err)
	}
	defer board.Close()
	l, err := timeline.NewLive(timeline.LiveConfig{Machine: vm, Recording: rec, Policy: timeline.Policy{Every: timeline.Never}})
	if err != nil {
		t.Fatal(err)
	}
	rec.Begun()
	run := func(n uint64) {
		if stop, err := l.StepForward(t.Context(), n); err != nil || stop != timeline.StopArrived {
			t.Fatalf("%d instructions on: %v, error %v; want to arrive there", n, stop, err)
		}
	}
	run(12_345_678)
	if err := l.SaveSnapshot("mid"); err != nil {
		t.Fatal(err)
	}
	run(20_000_000)
	more(l)
	if err := errors.Join(l.Finish("the test"), l.Recording().Close()); err != nil {
		t.Fatal(err)
	}
}

// verified opens a recording, replays all of it and returns it, closed.
func verified(t *testing.T, path string) *Recording {
	t.Helper()
	return replayed(t, path, func(*Recording, *timeline.Timeline) {})
}

// replayed is verified, and has more done with the replay before it is closed.
func replayed(t *testing.T, path string, more func(*Recording, *timeline.Timeline)) *Recording {
	t.Helper()
	r, err := Open(path, testEmulator, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := r.Start(StartOptions{Policy: timeline.Policy{Every: timeline.Never}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := r.Snapshots.AddTo(p.Timeline, ""); err != nil {
		t.Fatal(err)
	}
	if stop, err := p.Timeline.Verify(t.Context()); err != nil || stop != timeline.StopEnd {
		t.Errorf("verifying %s: %v, error %v; want its end", path, stop, err)
	}
	more(r, p.Timeline)
	return r
}

// What is made is what is opened, and replays.
func TestMadeAndOpened(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	var m Maker // in the next numbered place
	recordBoot(t, &m, func(*timeline.Live) {})
	r := verified(t, "") // the latest
	if r.Dir.ID() != m.Dir().ID() {
		t.Errorf("the latest recording is %s; want the one made, %s", r.Dir.Path(), m.Dir().Path())
	}
	if !reflect.DeepEqual(r.Config, m.Config) {
		t.Errorf("the machine made had RAM %d, CPU %s, %q; the one opened has %d, %s, %q, or its images differ",
			m.Config.RAM, m.Config.CPU, m.Config.CommandLine, r.Config.RAM, r.Config.CPU, r.Config.CommandLine)
	}
	if got := r.StartTime(); got != 0 {
		t.Errorf("StartTime() = %d; want 0: so early the guest has not asked for it", got)
	}
	if err := r.Damage(); err != nil {
		t.Errorf("Damage() = %v; want none", err)
	}
	disk, err := r.Snapshots.Disk()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := disk.Named("mid"); !ok {
		t.Errorf("the snapshots are %v; want mid among them", disk.List())
	}
}

// A run that goes on from a snapshot goes on in a recording beside the first, which is
// whole by itself.
func TestForked(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "rec")
	if err := os.Mkdir(out+".1", 0o755); err != nil { // somebody else's
		t.Fatal(err)
	}
	m, told := Maker{Out: out}, ""
	m.Forked = func(from, to *replay.Dir, snapshot string) {
		told += strings.Join([]string{from.Path(), to.Path(), snapshot}, " ")
	}
	recordBoot(t, &m, func(l *timeline.Live) {
		if err := l.LoadSnapshot(t.Context(), "mid"); err != nil {
			t.Fatal(err)
		}
		if _, err := l.StepForward(context.Background(), 1000); err != nil {
			t.Fatal(err)
		}
	})
	if want := out + " " + out + ".2 mid"; told != want || m.Dir().Path() != out+".2" {
		t.Errorf("Forked was told %q, the present recording is %s; want %q", told, m.Dir().Path(), want)
	}
	first := verified(t, out)
	if err := os.Rename(out, filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	second := verified(t, out+".2")
	o, p := second.Dir.Manifest().Origin, second.Dir.Manifest().Parent
	if p == nil || p.ID != first.Dir.ID().String() || p.Snapshot != "mid" || o == nil || o.ICount != 12_345_678 {
		t.Fatalf("it goes on from %+v and begins in %+v; want snapshot mid of %s, icount 12345678", p, o, first.Dir.ID())
	}
	if got := second.StartTime(); got != testguest.WallClock {
		t.Errorf("StartTime() = %d; want its parent's, %d", got, testguest.WallClock)
	}
}

// What is damaged of a recording is told, and the rest is used.
func TestDamaged(t *testing.T) {
	m := Maker{Out: filepath.Join(t.TempDir(), "rec")}
	recordBoot(t, &m, func(*timeline.Live) {})
	for _, c := range []struct{ file, told string }{
		{m.Dir().LogPath(), "what comes before is used"},
		{m.Dir().StoresPath(), "not all is known of where the guest stored"},
		{filepath.Join(m.Dir().SnapshotPath(), "index-0001.log"), "a snapshot is left out"},
	} {
		whole, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(whole)
		bad[len(bad)-10] ^= 1
		if err := os.WriteFile(c.file, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		said := logged(t, func() {
			r, err := Open(m.Out, testEmulator, nil)
			if err != nil {
				t.Fatalf("%s damaged: %v", c.file, err)
			}
			defer r.Close()
			p, err := r.Start(StartOptions{})
			if err != nil {
				t.Fatalf("%s damaged: %v", c.file, err)
			}
			defer p.Close()
			if err := r.Snapshots.AddTo(p.Timeline, ""); err != nil {
				t.Errorf("%s damaged: %v", c.file, err)
			}
			var damaged *badfile.DamagedError
			if err := r.Damage(); !errors.As(err, &damaged) || damaged.File != c.file {
				t.Errorf("%s damaged: Damage() = %v; want it named", c.file, err)
			}
			if (r.LogDamage != nil) != (c.file == m.Dir().LogPath()) {
				t.Errorf("%s damaged: LogDamage is %v", c.file, r.LogDamage)
			}
		})
		if strings.Count(said, c.told) != 1 || !strings.Contains(said, c.file) {
			t.Errorf("%s damaged: it is told %q; want %q and the file, once", c.file, said, c.told)
		}
		if err := os.WriteFile(c.file, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := logged(t, func() { verified(t, m.Out) }); got != "" {
		t.Errorf("the recording itself: it is told %q; want nothing", got)
	}
}

// logged returns what is told through slog while f runs.
func logged(t *testing.T, f func()) string {
	t.Helper()
	var b bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	f()
	return b.String()
}
