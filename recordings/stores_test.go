// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// kept returns of how many instructions a recording keeps where the guest stored.
func kept(t *testing.T, path string) (n uint64) {
	t.Helper()
	dir, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.ReadStores(func(s replay.Stretch) { n += s.To - s.From }); err != nil {
		t.Fatal(err)
	}
	return n
}

// contents returns the files below a directory but for stores.log.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || name == "stores.log" {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// learnAll replays a recording to its end, has more done, and what was learned kept.
func learnAll(t *testing.T, path string, more func(*timeline.Timeline)) {
	t.Helper()
	replayed(t, path, func(r *Recording, tl *timeline.Timeline) {
		more(tl)
		r.KeepLearned(tl)
	})
}

// What a recorder did not come to keep is kept later, but not while it may still do so.
// Nothing else of the recording changes.
func TestKeepLearned(t *testing.T) {
	const end = 12_345_678 + 20_000_000
	dir := t.TempDir()
	m, killed := Maker{Out: filepath.Join(dir, "rec")}, filepath.Join(dir, "killed")
	nothing := func(*timeline.Timeline) {}
	recordBoot(t, &m, func(l *timeline.Live) {
		if err := l.SaveSnapshot("late"); err != nil { // up to here the log is written
			t.Fatal(err)
		}
		before := kept(t, m.Out)
		if before == 0 || before >= end {
			t.Fatalf("%d instructions are kept; want fewer than %d: the test is void", before, uint64(end))
		}
		learnAll(t, m.Out, nothing)
		if got := kept(t, m.Out); got != before {
			t.Errorf("while the recorder lives: %d instructions are kept; want %d as before", got, before)
		}
		if err := os.CopyFS(killed, os.DirFS(m.Out)); err != nil {
			t.Fatal(err)
		}
	})
	before := contents(t, killed)
	learnAll(t, killed, nothing)
	if got := kept(t, killed); got != end {
		t.Errorf("of a recorder that was killed %d instructions are kept; want all %d", got, uint64(end))
	}
	if !reflect.DeepEqual(contents(t, killed), before) {
		t.Error("of a recorder that was killed something else than stores.log has changed")
	}

	// A recorder that keeps more while somebody looks on, and ends.

	// A recorder may have ended, and have kept more, since the recording was opened.
	writeStores := func(all ...replay.Stretch) {
		d, err := replay.Open(killed)
		if err == nil {
			err = d.ReplaceStores(all)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	learnAll(t, killed, func(*timeline.Timeline) { writeStores(replay.Stretch{From: end, To: end + 1000}) })
	if got := kept(t, killed); got != end+1000 {
		t.Errorf("%d instructions are kept; want %d, with the last 1000 that the recorder has added", got, uint64(end+1000))
	}

	// What is more than a timeline remembers takes the place of nothing.
	writeStores(replay.Stretch{From: 0, To: 1, Linear: []uint64{5}})
	learnAll(t, killed, func(tl *timeline.Timeline) {
		tl.Learn(replay.Stretch{From: end, To: 3 * end, Linear: make([]uint64, 8<<20)})
	})
	if got := kept(t, killed); got != 1 {
		t.Errorf("%d instructions are kept by who forgot some; want 1 as before", got)
	}
}
