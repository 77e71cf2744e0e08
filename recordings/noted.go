// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"fmt"
	"strings"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// maxNoted is how many missing snapshots are named.
const maxNoted = 20

// MissingNamed says, for the user, which named snapshots the log notes that are not
// there, where the index is missing or not known to its end; empty if there are none. An
// index that is whole is right: those that it does not have were deleted. Open warns of
// them by itself.
func MissingNamed(dir *replay.Dir, disk *snapshots.Disk) string {
	begun := disk.Begun()
	if begun && disk.Incomplete() == nil {
		return ""
	}
	names, at := notedIn(dir)
	var missing []string
	for _, name := range names {
		if _, ok := disk.Named(name); !ok {
			missing = append(missing, fmt.Sprintf("%s of %v", name, at[name]))
		}
	}
	if len(missing) == 0 {
		return ""
	}
	if more := len(missing) - maxNoted; more > 0 {
		missing = append(missing[:maxNoted], fmt.Sprintf("and %d more", more))
	}
	what := "the log notes named snapshots that are not there, lost or deleted: "
	if !begun {
		what = "there are no snapshots, nor an index of any, though the log notes named ones: "
	}
	return what + strings.Join(missing, ", ")
}

// notedIn returns the names of the snapshots that a log notes, in its order, and where
// each was taken last. Of a damaged log it is those that come before the damage.
func notedIn(dir *replay.Dir) (names []string, at map[string]machine.Moment) {
	tape, _ := dir.LoadTape() // who replays it hears what is wrong with it
	if tape == nil {
		return nil, nil
	}
	defer tape.Close()
	at = make(map[string]machine.Moment)
	for r, err := range tape.Records() {
		if err != nil {
			break
		}
		if r.Kind != replay.KindSnapshot {
			continue
		}
		if _, known := at[r.Snapshot]; !known {
			names = append(names, r.Snapshot)
		}
		at[r.Snapshot] = r.At
	}
	return names, at
}
