// SPDX-License-Identifier: GPL-2.0-or-later

package terminal

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// Log returns a handler that tells the user what packages log, from slog.LevelInfo
// on, in the words that Say would use: what happened, to what, and why.
func Log() slog.Handler { return &handler{say: Say} }

type handler struct {
	say   func(format string, args ...any)
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle implements slog.Handler.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var facts, reasons []string
	tell := func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			reasons = append(reasons, ": "+err.Error())
		} else {
			facts = append(facts, fmt.Sprintf("%s %v", a.Key, a.Value))
		}
		return true
	}
	for _, a := range h.attrs {
		tell(a)
	}
	r.Attrs(tell)
	text := r.Message
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, ", ") + ")"
	}
	h.say("%s", text+strings.Join(reasons, ""))
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.say, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup implements slog.Handler. Names tell enough without their groups.
func (h *handler) WithGroup(string) slog.Handler { return h }
