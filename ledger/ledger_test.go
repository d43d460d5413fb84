package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/ledger"
)

// TestMain is also the other process of the tests that need one.
func TestMain(m *testing.M) {
	role, ok := roles()[os.Getenv(roleKey)]
	if !ok {
		goleak.VerifyTestMain(m)
		return
	}
	if err := role(os.Getenv(dirKey)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open(t *testing.T, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func receipt(id string) faults.Receipt {
	return faults.Receipt{
		ID: id, Experiment: "e", Step: "s", Kind: "process.stop", Target: "target-" + id, BootID: "b",
		Undo: map[string]string{"k": "v"}, Expires: 5 * time.Second,
	}
}

func put(t *testing.T, l *ledger.Ledger, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := l.Put(t.Context(), receipt(id)); err != nil {
			t.Fatal(err)
		}
	}
}

func live(t *testing.T, l *ledger.Ledger) []string {
	t.Helper()
	all, err := l.Live(t.Context())
	if err != nil {
		t.Error(err)
	}
	return ids(all)
}

func ids(all []faults.Receipt) []string {
	out := []string{}
	for _, r := range all {
		out = append(out, r.ID)
	}
	return out
}

func want(t *testing.T, got []string, ids ...string) {
	t.Helper()
	if !slices.Equal(got, ids) {
		t.Errorf("live are %q, want %q", got, ids)
	}
}

func TestLastInIsFirstOut(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a", "b/step.1", "..", "c", "a") // a keeps its place
	want(t, live(t, open(t, dir)), "c", "..", "b/step.1", "a")
	all, err := l.Live(t.Context())
	if err != nil || fmt.Sprint(all[0]) != fmt.Sprint(receipt("c")) {
		t.Errorf("read back %+v, %v", all[0], err)
	}
	if err := l.Put(t.Context(), receipt("")); err == nil {
		t.Error("a receipt without an id was taken")
	}
}

func TestABuriedReceiptStaysBuried(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a", "b")
	for range 2 {
		if err := l.Bury(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, dir)
	want(t, live(t, again), "b")
	if !again.Buried("a") || again.Buried("b") || again.Names("target-a") || !again.Names("target-b") {
		t.Error("a is not the buried one")
	}
	if err := again.Put(t.Context(), receipt("a")); !errors.Is(err, ledger.ErrBuried) {
		t.Errorf("got %v, want ErrBuried", err)
	}
	if err := again.Bury(t.Context(), "never seen"); err != nil {
		t.Fatal(err)
	}
	if err := l.Put(t.Context(), receipt("never seen")); !errors.Is(err, ledger.ErrBuried) {
		t.Errorf("got %v, want ErrBuried: the halt came first", err)
	}
}

func TestATornWriteIsNoReceipt(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), "a")
	torn := filepath.Join(dir, "live", ".tmp-00000000000000000002-id-b.123")
	if err := os.WriteFile(torn, []byte("faultline-rec"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir)
	want(t, live(t, l), "a")
	if _, err := os.Stat(torn); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the torn file is still there: %v", err)
	}
	put(t, l, "b")
	want(t, live(t, l), "b", "a")
}

func TestACorruptReceiptHidesNoOther(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"cut short":     func(b []byte) []byte { return b[:len(b)-7] },
		"empty":         func([]byte) []byte { return nil },
		"a bit flipped": func(b []byte) []byte { b[len(b)-20] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			put(t, l, "a", "b", "c")
			path := filepath.Join(dir, "live", "00000000000000000002-id-b")
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, spoil(raw), 0o600); err != nil {
				t.Fatal(err)
			}
			if !l.Names("anything") {
				t.Error("whom the corrupt receipt names is not known: it must count as named")
			}
			all, err := l.Live(t.Context())
			if err == nil || !strings.Contains(err.Error(), "id-b") {
				t.Errorf("got %v, want the corrupt file's name", err)
			}
			want(t, ids(all), "c", "a")
			want(t, live(t, l), "c", "a") // reported once
			if _, err := os.Stat(filepath.Join(dir, "quarantine", filepath.Base(path))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAForeignFileHidesNoReceipt(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a")
	if err := os.WriteFile(filepath.Join(dir, "live", "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := l.Live(t.Context())
	if err == nil {
		t.Error("nobody was told of notes.txt")
	}
	want(t, ids(all), "a")
}

func TestPutsAtTheSameTimeKeepAllReceipts(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for w := range 4 {
		l := open(t, dir) // as another process would
		wait.Go(func() {
			for i := range 10 {
				if err := l.Put(t.Context(), receipt(fmt.Sprintf("%d-%d", w, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	files, err := os.ReadDir(filepath.Join(dir, "live"))
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]bool{}
	for _, f := range files {
		place, _, _ := strings.Cut(f.Name(), "-")
		places[place] = true
	}
	if n := len(live(t, open(t, dir))); n != 40 || len(places) != 40 {
		t.Errorf("%d receipts in %d places, want 40 in 40", n, len(places))
	}
}

func TestAReadOnlyLedgerTakesNothing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, "a")
	if err := os.Chmod(filepath.Join(dir, "live"), 0o500); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		// Root may write everywhere, so this thread is nobody for a while; it
		// ends with its goroutine.
		asNobody(t, dir)
	}
	if err := l.Put(t.Context(), receipt("b")); !errors.Is(err, ledger.ErrUnwritable) || !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v, want ErrUnwritable for want of permission", err)
	}
}

func asNobody(t *testing.T, dir string) {
	t.Helper()
	const nobody = 65534
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(append(files, folders...), dir) {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread()
	if _, err := unix.SetfsuidRetUid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := unix.SetfsuidRetUid(0); err != nil {
			t.Error(err)
		}
		runtime.UnlockOSThread()
	})
}

func TestAMissingLedgerTakesNothing(t *testing.T) {
	if _, err := ledger.Open(filepath.Join("/proc", "ledger")); !errors.Is(err, ledger.ErrUnwritable) {
		t.Errorf("got %v, want ErrUnwritable", err)
	}
	dir := t.TempDir()
	l := open(t, dir)
	if err := os.Remove(filepath.Join(dir, "live")); err != nil {
		t.Fatal(err)
	}
	if err := l.Put(t.Context(), receipt("a")); !errors.Is(err, ledger.ErrUnwritable) {
		t.Errorf("got %v, want ErrUnwritable", err)
	}
	if !l.Names("anything") {
		t.Error("a ledger that cannot be read names nobody: a supervisor would undo faults")
	}
}

func TestNothingHasForEver(t *testing.T) {
	boot, err := ledger.BootID()
	if err != nil {
		t.Fatal(err)
	}
	now := ledger.Boottime()
	r := faults.Receipt{BootID: boot, Expires: now + time.Minute}
	if now <= 0 || ledger.Expired(r, now, boot) || !ledger.Expired(r, now+time.Minute, boot) || !ledger.Expired(r, now, "another") {
		t.Error("it does not expire when it should")
	}
	if r.Expires = 0; !ledger.Expired(r, now, boot) {
		t.Error("a receipt without a deadline lives for ever")
	}
}
