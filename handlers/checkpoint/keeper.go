// Package checkpoint keeps a snapshot of the folded log on disk, so that a
// restart reads only what came after. It is no more than a shortcut: it is
// good for one log and one way to fold it, and what does not fit, is torn or cannot be
// read is left alone, and the log is read from its beginning.
package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/k2-platform/faultline/handlers"
)

const (
	// look is how often the log is compared with the checkpoint.
	look = 30 * time.Second
	// many new records are worth a new checkpoint at once.
	many = 10_000
	// age is when any new record is.
	age = 10 * time.Minute
)

// Keeper keeps the checkpoint of one log. Resume comes first, then Run, then
// Save; none of them twice at a time.
type Keeper struct {
	Path   string
	Source Source
	Topic  string
	Fold   string // see Fold; without one nothing is loaded or saved
	Log    *slog.Logger

	identity string // of the log, when Resume looked
	saved    int64  // records that the checkpoint stands for
	at       time.Time
}

// Resume brings a new, lean log to where the checkpoint stands, and returns
// the snapshot for others to start from. It is false, and the log as new, where
// there is none for this log and this fold; the reason is logged, unless it is
// that there is no file.
func (k *Keeper) Resume(ctx context.Context, log *handlers.Log) (handlers.Snapshot, bool) {
	k.at = time.Now()
	s, err := k.load(ctx)
	if err == nil {
		err = log.Restore(s)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return handlers.Snapshot{}, false
	}
	if err != nil {
		k.Log.Warn("leaving the checkpoint alone; the whole log is read", "file", k.Path, "reason", err)
		return handlers.Snapshot{}, false
	}
	k.saved = s.Records()
	k.Log.Debug("began with a checkpoint", "file", k.Path, "experiments", len(s.Settled), "batches", len(s.Batches))
	return s, true
}

func (k *Keeper) load(ctx context.Context) (_ handlers.Snapshot, err error) {
	if k.Fold == "" {
		return handlers.Snapshot{}, errors.New("this program cannot tell how it folds the log")
	}
	if k.identity, err = k.Source.Identity(ctx, k.Topic); err != nil {
		return handlers.Snapshot{}, err
	}
	c, err := readFile(k.Path)
	if err != nil {
		return handlers.Snapshot{}, err
	}
	if c.fold != k.Fold {
		return handlers.Snapshot{}, errors.New("a program that folds the log otherwise wrote it")
	}
	if c.origin.identity != k.identity || c.origin.topic != k.Topic {
		return handlers.Snapshot{}, errors.New("it is of another log")
	}
	now, err := originOf(ctx, k.Source, k.Topic, c.snapshot.Next)
	if err != nil {
		return handlers.Snapshot{}, fmt.Errorf("the log is not as it was: %w", err)
	}
	if !now.equal(c.origin) {
		return handlers.Snapshot{}, errors.New("the log is not as it was: it begins elsewhere, or holds other records")
	}
	return c.snapshot, nil
}

// Run saves a checkpoint whenever enough has come since the last one, until
// ctx ends. covered returns once all else that starts from the checkpoint has
// what lies before the given offsets; it may take its time.
func (k *Keeper) Run(ctx context.Context, log *handlers.Log, covered func(context.Context, map[int32]int64) error) {
	beat := time.NewTicker(look)
	defer beat.Stop()
	for {
		if k.due(log) {
			if err := k.Save(ctx, log, covered); err != nil && ctx.Err() == nil {
				k.Log.Warn("no checkpoint was written; the next start reads more of the log", "file", k.Path, "error", err)
			}
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return
		}
	}
}

func (k *Keeper) due(log *handlers.Log) bool {
	fresh := k.fresh(log)
	return fresh >= many || fresh > 0 && time.Since(k.at) >= age
}

// fresh counts the records since the checkpoint.
func (k *Keeper) fresh(log *handlers.Log) int64 {
	return handlers.Snapshot{Next: log.Next()}.Records() - k.saved
}

// Save writes a checkpoint of the log as it is now, unless there is one.
func (k *Keeper) Save(ctx context.Context, log *handlers.Log, covered func(context.Context, map[int32]int64) error) error {
	if k.identity == "" || k.fresh(log) == 0 {
		return nil
	}
	k.at = time.Now()
	s := log.Snapshot()
	if err := covered(ctx, s.Next); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	o, err := originOf(ctx, k.Source, k.Topic, s.Next)
	if err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	if o.identity != k.identity {
		return fmt.Errorf("writing a checkpoint: topic %s was made anew while it was read; start the pipeline again", k.Topic)
	}
	if err := writeFile(k.Path, content{o, k.Fold, s}); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	k.saved = s.Records()
	return nil
}
