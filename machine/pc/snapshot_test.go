// SPDX-License-Identifier: GPL-2.0-or-later

package pc_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/snapshots"
)

func TestBootDoesNotShowSnapshots(t *testing.T) {
	type leap struct {
		from  *snapshots.Snapshot
		point int
	}
	r := bootTrail(t)
	vm := testguest.Boot(t, r.options)
	store := vm.NewStore(t)
	var leaps []leap
	for i := 1; i < len(r.points); i += 4 {
		for _, distance := range []uint64{30_000_001, 1_000_000, 10_007, 137, 1, 0} {
			vm.Goto(t, r.points[i]-distance)
			leaps = append(leaps, leap{store.Take(), i})
		}
	}
	r.checkEnd(t, vm) // taking them did not show

	random := testguest.Random(4)
	random.Shuffle(len(leaps), func(i, j int) { leaps[i], leaps[j] = leaps[j], leaps[i] })
	for _, l := range leaps {
		store.Restore(t, l.from)
		vm.Goto(t, r.points[l.point])
		r.check(t, vm, l.point)
	}
	r.checkEnd(t, vm)
}

// What the parent of a TestHelperProcess tells it.
const (
	snapshotVar = "VMRR_TEST_SNAPSHOT" // directory with a snapshot
	countVar    = "VMRR_TEST_COUNT"    // where to go from there
)

func openDisk(t *testing.T, dir string, mode snapshots.Mode) *snapshots.Disk {
	t.Helper()
	d, err := snapshots.OpenDisk(dir, framed.ID{1}, testguest.RAM, mode)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBootInFreshProcess(t *testing.T) {
	r := bootTrail(t)
	vm := testguest.Boot(t, r.options)
	store := vm.NewStore(t)
	for i := 5; i < len(r.points); i += 14 {
		vm.Goto(t, r.points[i]-20_000_003)
		path := filepath.Join(t.TempDir(), "snapshots")
		disk := openDisk(t, path, snapshots.ReadWrite)
		if err := errors.Join(disk.Put(store.Take()), disk.Close()); err != nil {
			t.Fatal(err)
		}
		count := strconv.FormatUint(r.points[i], 10)
		cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$", "-test.v")
		cmd.Env = append(os.Environ(), snapshotVar+"="+path, countVar+"="+count)
		out, err := cmd.CombinedOutput()
		want := "hash at " + count + " is " + strconv.FormatUint(uint64(r.hashes[i]), 16)
		if err != nil || !strings.Contains(string(out), want+"\n") {
			t.Errorf("a fresh process from a snapshot at %d: error %v, got\n%s\nwant %s", r.points[i]-20_000_003, err, out, want)
		}
	}
}

// TestHelperProcess is no test but what TestBootInFreshProcess runs in another
// process: it loads a snapshot from disk into a machine that was never switched on.
func TestHelperProcess(t *testing.T) {
	path := os.Getenv(snapshotVar)
	if path == "" {
		t.Skip("only for use by TestBootInFreshProcess")
	}
	n, err := strconv.ParseUint(os.Getenv(countVar), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	disk := openDisk(t, path, snapshots.ReadOnly)
	snap, err := disk.Load(disk.List()[0])
	if err != nil {
		t.Fatal(err)
	}
	vm := testguest.New(t, testguest.Options{})
	vm.NewStore(t).Restore(t, snap)
	vm.Goto(t, n)
	t.Logf("hash at %d is %x", n, uint64(vm.Hash()))
}
