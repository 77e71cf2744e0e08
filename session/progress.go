// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// patience is how long somebody waits without a word, and from one to the next.
const patience = 2 * time.Second

// progress tells somebody who waits for a search how it gets on, and how long it can
// still take.
type progress struct {
	out   io.Writer
	now   func() time.Time
	begun time.Time
	next  time.Time
}

// tell is told that of to instructions at were looked through.
func (p *progress) tell(at, to uint64) {
	now := p.now()
	switch {
	case p.begun.IsZero():
		p.begun, p.next = now, now.Add(patience)
	case at == 0 || at >= to || now.Before(p.next):
	default:
		left := time.Duration(float64(now.Sub(p.begun)) / float64(at) * float64(to-at)).Round(time.Second)
		fmt.Fprintf(p.out, "Looked through %s of %s instructions, about %v more if nothing is found; Ctrl-C goes back.\n", amount(at), amount(to), max(left, time.Second))
		p.next = now.Add(patience)
	}
}

// amount writes a number of instructions as monitors read it.
func amount(n uint64) string {
	return strings.ReplaceAll(humanize.SIWithDigits(float64(n), 1, ""), " ", "")
}
