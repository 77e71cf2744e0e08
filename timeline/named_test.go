// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

func TestNamedSnapshots(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	for i, name := range []string{"early", "late", "early"} {
		seek(t, tl, a.points[10*(i+1)])
		if err := tl.SaveSnapshot(name); err != nil {
			t.Fatalf("SaveSnapshot(%q): %v", name, err)
		}
	}
	seek(t, tl, a.points[5])
	for name, want := range map[string]uint64{"early": a.points[30], "late": a.points[20]} {
		if err := tl.LoadSnapshot(background, name); err != nil {
			t.Fatalf("LoadSnapshot(%q): %v", name, err)
		}
		a.check(t, vm, want, "LoadSnapshot of "+name)
	}
	if named, _ := tl.Snapshots(); len(named) != 2 || named[0].Name != "late" || named[1].Name != "early" {
		t.Errorf("Snapshots() lists %d snapshots, want \"late\" and \"early\"", len(named))
	}
	if err := tl.LoadSnapshot(background, "none"); err == nil {
		t.Errorf("LoadSnapshot(%q) has no error", "none")
	}
}

func TestCheckName(t *testing.T) {
	for _, test := range []struct{ name, says string }{
		{"init", ""}, {"usr2-1", ""}, {"1.5", ""}, {"0x", ""}, {"x10", ""}, {"1500m-before", ""}, {"10MB", ""}, {strings.Repeat("n", 100), ""},
		{"", "1 to 100 characters"}, {strings.Repeat("n", 101), "1 to 100 characters"},
		{".hidden", "not starting with a dot"}, {"a/b", "it has a '/'"}, {"a b", "it has a ' '"}, {"ü", "it has a 'ü'"},
		{"origin", "is taken"},
		{"0", "instruction count"}, {"123", "instruction count"}, {"250M", "instruction count"}, {"1t", "instruction count"}, {"7.2G", "instruction count"},
		{"99999999999999999999", "instruction count"}, {"0x10", "instruction count"},
	} {
		err := timeline.CheckName(test.name)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("CheckName(%q) = %v; want an error that says %q", test.name, err, test.says)
		}
	}
	// Who saves asks it.
	tl, _ := answeredGuest(t).open(t)
	if err := tl.SaveSnapshot("123"); err == nil {
		t.Error("SaveSnapshot(123) has no error")
	}
}

func TestParseCount(t *testing.T) {
	for _, c := range []struct {
		text string
		want uint64 // 0: refused
	}{
		{"1500000", 1_500_000}, {"250M", 250_000_000}, {"250m", 250_000_000}, {"5G", 5_000_000_000}, {"7.2G", 7_200_000_000},
		{"0.001k", 1}, {"1.234567890123T", 1_234_567_890_123}, {"18446744073709551615", math.MaxUint64}, {"18446744T", 18446744e12},
		{"0x10", 16}, {"0XfF", 255}, {"0xffffffffffffffff", math.MaxUint64}, {"010", 10},
		{"0x", 0}, {"0x10000000000000000", 0}, {"0x10K", 0}, {"0xg", 0}, {"0b1", 0}, {"0o7", 0}, {"1_000", 0},
		{"", 0}, {"G", 0}, {"7.2", 0}, {".5G", 0}, {"5.G", 0}, {"1.0001K", 0}, {"1.123456K", 0}, {"18446745T", 0},
		{"18446744073709551616", 0}, {"-1", 0}, {"1e9", 0}, {"5GB", 0}, {" 5", 0},
	} {
		if got, err := timeline.ParseCount(c.text); got != c.want || (err == nil) != (c.want != 0) {
			t.Errorf("ParseCount(%q) = %d, error %v; want %d", c.text, got, err, c.want)
		}
	}
}

// A snapshot that one timeline keeps on disk serves another; one whose pages are
// damaged is refused by name, and passed over by who only wants to go somewhere.
func TestSnapshotOfAnotherTimeline(t *testing.T) {
	a := answeredGuest(t)
	dir := t.TempDir()
	disk, err := snapshots.OpenDisk(dir, framed.ID{1}, testguest.RAM, snapshots.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	open := func() (*timeline.Timeline, *testguest.VM) {
		o, player := a.options, replay.NewPlayer(a.tape)
		o.Inputs = player
		vm := testguest.New(t, o)
		tl, err := timeline.New(timeline.Config{Machine: vm.Machine, Player: player,
			Persist: disk.Put})
		if err != nil {
			t.Fatal(err)
		}
		return tl, vm
	}
	tl, _ := open()
	seek(t, tl, a.points[25])
	if err := tl.SaveSnapshot("kept"); err != nil {
		t.Fatal(err)
	}
	load := func() (*timeline.Timeline, *testguest.VM) {
		snap, err := disk.Load(disk.List()[0])
		if err != nil {
			t.Fatal(err)
		}
		tl, vm := open()
		if err := tl.AddSnapshot(snap); err != nil {
			t.Fatal(err)
		}
		return tl, vm
	}
	tl, vm := load()
	if err := tl.LoadSnapshot(background, "kept"); err != nil {
		t.Fatal(err)
	}
	a.check(t, vm, a.points[25], "LoadSnapshot")
	seek(t, tl, a.points[29])
	a.check(t, vm, a.points[29], "Seek from there")
	if stop, err := tl.Verify(background); err != nil || stop != timeline.StopEnd {
		t.Errorf("Verify from there = %v, error %v; want the end of history", stop, err)
	}

	segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("there are no segments in %s: %v", dir, err)
	}
	for _, s := range segments {
		if err := os.Truncate(s, 100); err != nil {
			t.Fatal(err)
		}
	}
	if disk, err = snapshots.OpenDisk(dir, framed.ID{1}, testguest.RAM, snapshots.ReadOnly); err != nil {
		t.Fatal(err)
	}
	tl, vm = load()
	var damaged *badfile.DamagedError
	if err := tl.LoadSnapshot(background, "kept"); !errors.As(err, &damaged) {
		t.Errorf("LoadSnapshot of a damaged snapshot has error %v, want ErrDamaged", err)
	}
	seek(t, tl, a.points[29])
	a.check(t, vm, a.points[29], "Seek past a damaged snapshot")
}

// A snapshot that is deleted is gone, also from where it was kept; the one that a
// recording begins in stays.
func TestDeleteSnapshot(t *testing.T) {
	a := answeredGuest(t)
	o, player := a.options, replay.NewPlayer(a.tape)
	o.Inputs = player
	vm := testguest.New(t, o)
	var dropped []string
	tl, err := timeline.New(timeline.Config{Machine: vm.Machine, Player: player,
		Drop: func(name string) error { dropped = append(dropped, name); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := tl.SaveSnapshot("a"); err != nil {
		t.Fatal(err)
	}
	if err := tl.DeleteSnapshot("a"); err != nil || len(dropped) != 1 || dropped[0] != "a" {
		t.Errorf("DeleteSnapshot(a): error %v, dropped %q; want a dropped", err, dropped)
	}
	var none *timeline.NoSnapshotError
	if err := tl.LoadSnapshot(background, "a"); !errors.As(err, &none) {
		t.Errorf("LoadSnapshot after that: error %v, want NoSnapshotError", err)
	}
	if err := tl.DeleteSnapshot("a"); !errors.As(err, &none) {
		t.Errorf("deleting it again: error %v, want NoSnapshotError", err)
	}
	origin := tl.Snapshot()
	origin.Name = timeline.OriginName
	if err := tl.AddSnapshot(origin); err != nil {
		t.Fatal(err)
	}
	if err := tl.DeleteSnapshot(timeline.OriginName); err == nil || len(dropped) != 1 {
		t.Errorf("deleting the origin: error %v, dropped %q; want an error and no more dropped", err, dropped)
	}
	if err := tl.SaveSnapshot(timeline.OriginName); err == nil {
		t.Error("saving another origin has no error")
	}
}

// What many snapshots miss is told once, and each that has a name.
func TestUnreadableSnapshotsToldOnce(t *testing.T) {
	a := answeredGuest(t)
	tl, _ := a.open(t)
	dir := t.TempDir()
	disk, err := snapshots.OpenDisk(dir, framed.ID{1}, testguest.RAM, snapshots.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range a.points[20:26] {
		seek(t, tl, n)
		s := tl.Snapshot()
		if i == 1 {
			s.Name = "kept"
		}
		if err := disk.Put(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "pages-0001.seg"), 100); err != nil { // all of them need it
		t.Fatal(err)
	}
	if disk, err = snapshots.OpenDisk(dir, framed.ID{1}, testguest.RAM, snapshots.ReadOnly); err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	tl, vm := a.open(t)
	for _, e := range disk.List() {
		s, err := disk.Load(e)
		if err == nil {
			err = tl.AddSnapshot(s)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var told bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&told, nil)))
	seek(t, tl, a.points[29])
	a.check(t, vm, a.points[29], "Seek past six damaged snapshots")
	if n, named := strings.Count(told.String(), "a snapshot is left out"), strings.Count(told.String(), "name=kept"); n != 2 || named != 1 {
		t.Errorf("of six damaged snapshots, one with a name, it is told %q; want one of those without and the other", &told)
	}
}
