// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/vmrr/vmrr/internal/atomicfile"
	"github.com/vmrr/vmrr/symbols"
)

// FoundSlide is what is remembered of a search for how far KASLR has moved the kernel,
// which takes long where no snapshot is near.
type FoundSlide struct {
	// A search from icount From on found the kernel at icount At first: one that
	// begins in between finds the same.
	From  uint64 `json:"from"`
	At    uint64 `json:"at"`
	Slide uint64 `json:"slide"` // bytes upward from where it is linked
}

// slideFile is the contents of the file for it.
type slideFile struct {
	Recording string `json:"recording"` // its id
	FoundSlide
}

func (r *Recording) slidePath() string { return filepath.Join(r.Dir.Path(), "kaslr.json") }

// FoundSlide returns what is remembered, if that is of this recording and can be true.
func (r *Recording) FoundSlide() (found FoundSlide, ok bool) {
	f, err := os.Open(r.slidePath())
	if err != nil {
		return found, false
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, 4096))
	d.DisallowUnknownFields()
	var file slideFile
	err = d.Decode(&file)
	if err == nil && (file.Recording != r.Dir.ID().String() || !symbols.PossibleSlide(file.Slide)) {
		err = errors.New("it is of another recording, or damaged")
	}
	if err != nil {
		slog.Debug("what was known of the kernel's place is not used", "file", r.slidePath(), "err", err)
		return found, false
	}
	return file.FoundSlide, true
}

// KeepSlide remembers a search. Where nothing can be written it is repeated.
func (r *Recording) KeepSlide(found FoundSlide) {
	file := slideFile{r.Dir.ID().String(), found}
	err := atomicfile.Write(r.slidePath(), func(w io.Writer) error { return json.NewEncoder(w).Encode(file) })
	if err != nil {
		slog.Debug("the kernel's place is not remembered", "err", fmt.Errorf("writing %s: %w", r.slidePath(), err))
	}
}
