// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
)

// A recording of a machine that this vmrr does not run in the same way is refused.
func TestOpenAnotherMachine(t *testing.T) {
	cfg := pc.Config{RAM: 32 << 20, CPU: "qemu64", Kernel: []byte("kernel"), CommandLine: "quiet"}
	here := Emulator{Version: "test", Engine: "an engine"}
	same := machineOf(&cfg, here.Engine)
	refused := errors.New("refused")
	for _, c := range []struct {
		what     string
		change   func(*Machine)
		extra    string // in the manifest
		accept   error
		mismatch bool
		want     string
	}{
		{what: "another engine", change: func(m *Machine) { m.Engine = "another" }, mismatch: true, want: "the CPU engine: want another, got an engine"},
		{what: "other devices", change: func(m *Machine) { m.Devices++ }, mismatch: true, want: fmt.Sprintf("want %d, got %d", pc.Behaviour+1, pc.Behaviour)},
		{what: "another board", change: func(m *Machine) { m.Board = "virt" }, want: `the board "virt"`},
		{what: "what this vmrr does not know", extra: `,"disk":true`, want: "unknown field"},
		{what: "an initrd that is not there", change: func(m *Machine) { m.Initrd = true }, want: "initrd"},
		{what: "not the one accepted", accept: refused, want: "refused"},
	} {
		m := same
		if c.change != nil {
			c.change(&m)
		}
		says, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		says = append(bytes.TrimSuffix(says, []byte("}")), c.extra+"}"...)
		dir, err := replay.Create(filepath.Join(t.TempDir(), "rec"), replay.Manifest{Version: "test", Unicorn: "test", Created: time.Unix(0, 0), Machine: says})
		if err != nil {
			t.Fatal(err)
		}
		if err := addImages(dir, &cfg); err != nil {
			t.Fatal(err)
		}
		_, err = Open(dir.Path(), here, func(got *replay.Dir, cfg *pc.Config) error {
			if got.ID() != dir.ID() || cfg.CommandLine != "quiet" || string(cfg.Kernel) != "kernel" {
				t.Errorf("%s: accept is asked of %s with kernel %q and %q", c.what, got.Path(), cfg.Kernel, cfg.CommandLine)
			}
			return c.accept
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, new(*badfile.MismatchError)) != c.mismatch {
			t.Errorf("%s: error %v; want %q, a MismatchError: %v", c.what, err, c.want, c.mismatch)
		}
	}
}

// A recording that has not begun leaves nothing where it was to be.
func TestAbandoned(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "rec")
	m := Maker{Emulator: Emulator{Version: "test", Engine: "an engine"}, Config: pc.Config{RAM: 32 << 20, CPU: "qemu64", Kernel: []byte("kernel")},
		Inputs: testguest.Live(), Out: out}
	for range 2 { // the place is free for the next try
		rec, err := m.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenDir(out); err != nil {
			t.Errorf("before it is abandoned: %v", err)
		}
		if err := rec.Abandon(); err != nil {
			t.Errorf("abandoning it: %v", err)
		}
		if _, err := os.Lstat(filepath.Dir(out)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("afterwards %s is there (error %v); want nothing", filepath.Dir(out), err)
		}
	}
	if m.Dir() != nil {
		t.Errorf("the present recording is %s; want none", m.Dir().Path())
	}
}
