// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// info is `vmrr info`.
func info(ctx context.Context, out io.Writer, args []string) error {
	f := newFlags(out, "info", "[DIR]", "Tells what a recording, the latest if no DIR is given, is of and what is in it, and checks its files.")
	host := f.Bool("host", false, "tell of this host instead")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	if *host {
		return hostInfo(out)
	}
	dir, err := recordings.OpenDir(first(rest))
	if err != nil {
		return err
	}
	return interruptible(ctx, func() error { return recordingInfo(out, dir) })
}

// line prints one fact.
func line(out io.Writer, what, format string, args ...any) {
	fmt.Fprintf(out, "%-13s %s\n", what, fmt.Sprintf(format, args...))
}

// hostInfo tells what vmrr works with here.
func hostInfo(out io.Writer) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return fmt.Errorf("asking for the host's kernel: %w", err)
	}
	line(out, "vmrr", "%s, %s %s/%s", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	line(out, "engine", "%s", unicorn.Behaviour())
	line(out, "kernel", "%s", unix.ByteSliceToString(u.Release[:]))
	line(out, "cores", "%d", runtime.NumCPU())
	line(out, "dirty pages", "from the engine's soft TLB: exact, on every kernel")
	home, err := replay.Home()
	if err != nil {
		return err
	}
	line(out, "recordings", "in %s", home)
	return nil
}

// recordingInfo tells of a recording. What is damaged in it is the error.
func recordingInfo(out io.Writer, dir *replay.Dir) error {
	m := dir.Manifest()
	vm, err := recordings.MachineOf(dir)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(dir.Path())
	if err != nil {
		return err
	}
	line(out, "recording", "%s", path)
	line(out, "id", "%s", m.ID)
	line(out, "made", "%s by vmrr %s on %s", m.Created.Format("2006-01-02 15:04:05 UTC"), m.Version, m.Unicorn)
	line(out, "machine", "%s, CPU %s, %s of RAM, %d ns an instruction", vm.Board, vm.CPU, humanize.IBytes(vm.RAM), 1<<vm.Shift)
	line(out, "command line", "%s", vm.CommandLine)
	errs := fileInfo(out, dir, m.Files)
	if p := m.Parent; p != nil {
		at := machine.Moment{ICount: p.ICount, Sub: p.Sub}.String()
		if p.Snapshot != "" {
			at += fmt.Sprintf(", snapshot %q,", p.Snapshot)
		}
		line(out, "goes on from", "%s of %s", at, p.Path)
	}
	end, logErrs := logInfo(out, dir)
	errs = append(errs, logErrs...)
	errs = append(errs, snapshotInfo(out, dir, vm.RAM)...)
	errs = append(errs, storesInfo(out, dir, end))
	return errors.Join(errs...)
}

// fileInfo tells of what was booted.
func fileInfo(out io.Writer, dir *replay.Dir, files []replay.File) (errs []error) {
	for _, file := range files {
		f, err := dir.OpenFile(file.Name)
		if err != nil {
			line(out, file.Name, "damaged")
			errs = append(errs, err)
			continue
		}
		f.Close()
		line(out, file.Name, "%s, SHA-256 %s", humanize.IBytes(uint64(file.Size)), file.SHA256)
	}
	return errs
}

// logInfo tells what happened, and returns the count at which the recording ends.
func logInfo(out io.Writer, dir *replay.Dir) (end uint64, errs []error) {
	tape, err := dir.LoadTape()
	if err != nil {
		errs = append(errs, err)
	}
	if tape == nil {
		line(out, "log", "cannot be used")
		return 0, errs
	}
	defer tape.Close()
	counts, bytes, warps := make(map[string]int), uint64(0), 0
	for r, err := range tape.Records() {
		if err != nil {
			return tape.End().At.ICount, append(errs, err)
		}
		switch r.Kind {
		case replay.KindInput:
			counts[r.Input.Kind.String()]++
		case replay.KindWarp:
			warps++
		case replay.KindHash, replay.KindEnd:
			bytes = r.Hash.ConsoleBytes
		}
	}
	var inputs []string
	for k := machine.InputKind(1); k <= machine.InputFrame; k++ { // in one order
		if n := counts[k.String()]; n > 0 {
			inputs = append(inputs, fmt.Sprintf("%d %v", n, k))
		}
	}
	if len(inputs) == 0 {
		inputs = []string{"none"}
	}
	last := tape.End()
	if o := dir.Manifest().Origin; o != nil {
		line(out, "begins", "at %s", machine.Moment{ICount: o.ICount, Sub: o.Sub})
	}
	switch {
	case last.CutOff == nil:
		line(out, "ends", "at %s, %v: %s", last.At, time.Duration(last.Now), last.Reason)
	default:
		line(out, "ends", "at %s, %v: cut off there", last.At, time.Duration(last.Now))
	}
	line(out, "inputs", "%s", strings.Join(inputs, ", "))
	line(out, "events", "%d in all, %d of them waits that ended early", tape.EventCount(), warps)
	line(out, "state hashes", "%d", len(tape.Hashes()))
	line(out, "console", "%s sent, at the last hash", humanize.IBytes(bytes))
	if st, err := os.Stat(dir.LogPath()); err == nil {
		line(out, "log", "%s", humanize.IBytes(uint64(st.Size())))
	}
	return last.At.ICount, errs
}

// snapshotInfo tells of the snapshots that are kept.
func snapshotInfo(out io.Writer, dir *replay.Dir, ram uint64) []error {
	disk, err := snapshots.OpenDisk(dir.SnapshotPath(), dir.ID(), int(ram), snapshots.ReadOnly)
	if err != nil {
		line(out, "snapshots", "cannot be used")
		return []error{err}
	}
	defer disk.Close()
	var named []string
	list := disk.List()
	for _, e := range list {
		if e.Name != "" {
			named = append(named, fmt.Sprintf("%s at %d", e.Name, e.At.ICount))
		}
	}
	names := ""
	if len(named) > 0 {
		names = "; named: " + strings.Join(named, ", ")
	}
	line(out, "snapshots", "%d, %s%s", len(list), humanize.IBytes(uint64(disk.Bytes())), names)
	damaged, err := disk.Check()
	var errs []error
	if bad := badfile.UnlessCutOff(err); bad != nil {
		errs = append(errs, bad)
	} else if err != nil {
		line(out, "", "%v", err)
	}
	if missing := recordings.MissingNamed(dir, disk); missing != "" {
		line(out, "", "%s", missing)
	}
	return append(errs, unusable(damaged, len(list))...)
}

// storesInfo tells what is kept of where the guest stored until the recording ends, in
// instructions: a recorder that was killed may have kept more of that than of its log.
func storesInfo(out io.Writer, dir *replay.Dir, end uint64) error {
	instructions := uint64(0)
	err := dir.ReadStores(func(s replay.Stretch) { instructions += min(s.To, end) - min(s.From, end) })
	bad := badfile.UnlessCutOff(err)
	st, statErr := os.Stat(dir.StoresPath())
	switch {
	case statErr != nil:
		line(out, "stores", "not known")
	case bad != nil && instructions == 0:
		line(out, "stores", "cannot be used")
	default:
		line(out, "stores", "known of %d instructions, %s", instructions, humanize.IBytes(uint64(st.Size())))
	}
	if err != nil && bad == nil {
		line(out, "", "%v", err)
	}
	return bad
}
