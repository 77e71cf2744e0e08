// SPDX-License-Identifier: GPL-2.0-or-later

// Package replay writes down everything nondeterministic that reaches a machine
// and gives it back at the same instants. Live is the host's side of the
// machine's door (machine.Inputs), Recorder writes what passes through it to a
// log, Player plays a log back, and Dir is the directory that holds a recording.
//
// # The log file
//
// A log has the form of package framed: a header and checked frames, and it only
// ever grows at its end. Each frame is a block of records, all that was buffered
// when it was written (block.go). Integers are unsigned varints where nothing else
// is said; those of fixed size are little-endian.
//
// Records are in the order of their moments and of the machine's virtual time.
// Those that a replay needs, the events, are numbered from 0, and every record
// says how many came before it: a log that lost one shows it.
//
// A file that ends before the end record was cut off (the recorder was killed, the
// disk was full): everything before the cut is good, and the tape says where it is
// with badfile.CutOffError. A frame whose check fails is badfile.DamagedError.
package replay

import (
	"github.com/vmrr/vmrr/internal/framed"
)

// FormatVersion is the version of the log and of the recording directory.
// Another version is refused with badfile.VersionError.
const FormatVersion = 2

// Limits in bytes, if nothing else is said.
const (
	maxInputData = 64 << 10 // of one Input
	maxReason    = 1 << 10  // of an end's reason
	maxName      = 100      // of a snapshot's or a file's name
	maxParts     = 256      // of a state's hash, in hashes
	maxRecords   = 1 << 20  // of a block's records, decompressed
	maxFrame     = maxRecords + 64
)

var logFormat = framed.Format{Magic: "vmrr log", Version: FormatVersion}

// frameBlock is the kind of frame that holds a block; there is no other.
const frameBlock = 1

// ID identifies one recording; log, manifest and snapshots carry it.
type ID = framed.ID
