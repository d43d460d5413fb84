package registry

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/twmb/avro"
)

// routes lists the part of the Confluent API that the registry serves.
func (b *book) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /subjects", answer(b.subjects))
	mux.HandleFunc("POST /subjects/{subject}", answer(b.lookup))
	mux.HandleFunc("GET /subjects/{subject}/versions", answer(b.versions))
	mux.HandleFunc("POST /subjects/{subject}/versions", answer(b.postVersion))
	mux.HandleFunc("GET /subjects/{subject}/versions/{version}", answer(b.version))
	mux.HandleFunc("DELETE /subjects/{subject}/versions/{version}", answer(b.deleteVersion))
	mux.HandleFunc("DELETE /config/{subject}", answer(b.deleteLevel))
	mux.HandleFunc("GET /schemas/ids/{id}", answer(b.schemaByID))
	mux.HandleFunc("GET /schemas/ids/{id}/versions", answer(b.usages))
	mux.HandleFunc("GET /config", answer(b.getLevel))
	mux.HandleFunc("PUT /config", answer(b.putLevel))
	mux.HandleFunc("GET /config/{subject}", answer(b.getLevel))
	mux.HandleFunc("PUT /config/{subject}", answer(b.putLevel))
	mux.HandleFunc("POST /compatibility/subjects/{subject}/versions/{version}", answer(b.check))
}

// answer turns a result or an error into the API's JSON.
func answer(handle func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		body, err := handle(r)
		status := http.StatusOK
		if err != nil {
			var no *refusal
			if !errors.As(err, &no) {
				no = refuse(http.StatusInternalServerError, 50001, "%v", err)
			}
			status, body = no.status, map[string]any{"error_code": no.code, "message": no.text}
		}
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // a client that left needs no answer
	}
}

func readSchema(r *http.Request) (string, error) {
	var in struct{ Schema, SchemaType string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return "", refuse(422, 42201, "Invalid request: %v", err)
	}
	if in.SchemaType != "" && in.SchemaType != "AVRO" {
		return "", refuse(422, 42201, "Invalid schema: type %s is not served, only AVRO", in.SchemaType)
	}
	return in.Schema, valid(in.Schema)
}

func valid(schema string) error {
	if _, err := avro.Parse(schema); err != nil {
		return refuse(422, 42201, "Invalid schema: %v", err)
	}
	return nil
}

func (b *book) subjects(*http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	names := slices.Sorted(maps.Keys(b.state.Subjects))
	names = slices.DeleteFunc(names, func(name string) bool { return len(b.state.live(name)) == 0 })
	return append([]string{}, names...), nil
}

func (b *book) postVersion(r *http.Request) (any, error) {
	text, err := readSchema(r)
	if err != nil {
		return nil, err
	}
	id, err := b.register(r.PathValue("subject"), text)
	return map[string]int{"id": id}, err
}

func (b *book) versions(r *http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, live, err := b.state.known(r)
	return live, err
}

// known gives the schema ids of the named subject, and its versions that are
// not deleted: one at least. The caller holds the lock.
func (s *state) known(r *http.Request) (ids, live []int, err error) {
	subject := r.PathValue("subject")
	live = s.live(subject)
	if len(live) == 0 {
		return nil, nil, refuse(404, 40401, "Subject %q not found.", subject)
	}
	return s.Subjects[subject], live, nil
}

func (b *book) version(r *http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids, live, err := b.state.known(r)
	if err != nil {
		return nil, err
	}
	n, err := number(r.PathValue("version"), live)
	if err != nil {
		return nil, err
	}
	return b.state.describe(r.PathValue("subject"), n, ids[n-1]), nil
}

// number reads a version: latest, -1 or one of the live ones.
func number(text string, live []int) (int, error) {
	if text == "latest" || text == "-1" {
		return live[len(live)-1], nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return 0, refuse(422, 42202, "The specified version %q is not a valid version id.", text)
	case !slices.Contains(live, n):
		return 0, refuse(404, 40402, "Version %d not found.", n)
	}
	return n, nil
}

// deleteVersion is a soft deletion: the version is listed no more, and its
// schema is still found by its id.
func (b *book) deleteVersion(r *http.Request) (any, error) {
	if r.URL.Query().Get("permanent") == "true" {
		return nil, refuse(422, 42201, "This registry deletes nothing for ever")
	}
	deleted := 0
	err := b.change(func(s *state) error {
		_, live, err := s.known(r)
		if err != nil {
			return err
		}
		if deleted, err = number(r.PathValue("version"), live); err != nil {
			return err
		}
		subject := r.PathValue("subject")
		if s.Deleted == nil {
			s.Deleted = map[string][]int{}
		}
		s.Deleted[subject] = append(slices.Clone(s.Deleted[subject]), deleted)
		return nil
	})
	return deleted, err
}

func (s *state) describe(subject string, version, id int) map[string]any {
	return map[string]any{"subject": subject, "version": version, "id": id, "schema": s.Schemas[id-1]}
}

func (b *book) lookup(r *http.Request) (any, error) {
	text, err := readSchema(r)
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids, versions, err := b.state.known(r)
	if r.URL.Query().Get("deleted") == "true" {
		ids, versions, err = b.state.ever(r)
	}
	if err != nil {
		return nil, err
	}
	same := b.state.same(text)
	for _, v := range versions {
		if ids[v-1] == same {
			return b.state.describe(r.PathValue("subject"), v, same), nil
		}
	}
	return nil, refuse(404, 40403, "Schema not found")
}

// ever is known with the versions that are deleted, which come last.
func (s *state) ever(r *http.Request) (ids, versions []int, err error) {
	subject := r.PathValue("subject")
	if len(s.Subjects[subject]) == 0 {
		return nil, nil, refuse(404, 40401, "Subject %q not found.", subject)
	}
	return s.Subjects[subject], slices.Concat(s.live(subject), s.Deleted[subject]), nil
}

func (b *book) byID(r *http.Request) (int, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 1 || id > len(b.state.Schemas) {
		return 0, refuse(404, 40403, "Schema %s not found", r.PathValue("id"))
	}
	return id, nil
}

func (b *book) schemaByID(r *http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	id, err := b.byID(r)
	if err != nil {
		return nil, err
	}
	return map[string]string{"schema": b.state.Schemas[id-1]}, nil
}

func (b *book) usages(r *http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	id, err := b.byID(r)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, subject := range slices.Sorted(maps.Keys(b.state.Subjects)) {
		for _, v := range b.state.live(subject) {
			if b.state.Subjects[subject][v-1] == id {
				out = append(out, map[string]any{"subject": subject, "version": v})
			}
		}
	}
	return out, nil
}

func (b *book) getLevel(r *http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	subject := r.PathValue("subject")
	level, ok := b.state.Levels[subject]
	if !ok && r.URL.Query().Get("defaultToGlobal") == "true" {
		level, ok = b.state.Levels[""], true
	}
	if !ok {
		return nil, refuse(404, 40408, "Subject %q does not have subject-level compatibility configured", subject)
	}
	return map[string]string{"compatibilityLevel": level}, nil
}

func (b *book) putLevel(r *http.Request) (any, error) {
	var in struct{ Compatibility string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || !slices.Contains(levels(), in.Compatibility) {
		return nil, refuse(422, 42203, "Invalid compatibility level %q. Valid values are %v", in.Compatibility, levels())
	}
	err := b.change(func(s *state) error {
		s.Levels[r.PathValue("subject")] = in.Compatibility
		return nil
	})
	return map[string]string{"compatibility": in.Compatibility}, err
}

// deleteLevel has a subject follow the global level again.
func (b *book) deleteLevel(r *http.Request) (any, error) {
	subject, was := r.PathValue("subject"), ""
	err := b.change(func(s *state) error {
		level, ok := s.Levels[subject]
		if !ok {
			return refuse(404, 40408, "Subject %q does not have subject-level compatibility configured", subject)
		}
		was = level
		delete(s.Levels, subject)
		return nil
	})
	return map[string]string{"compatibilityLevel": was}, err
}

func (b *book) check(r *http.Request) (any, error) {
	text, err := readSchema(r)
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids, live, err := b.state.known(r)
	if err != nil {
		return nil, err
	}
	n, err := number(r.PathValue("version"), live)
	if err != nil {
		return nil, err
	}
	earlier := []string{b.state.Schemas[ids[n-1]-1]}
	if err := b.misfit(b.state.level(r.PathValue("subject")), text, earlier); err != nil {
		return map[string]any{"is_compatible": false, "messages": []string{err.Error()}}, nil
	}
	return map[string]any{"is_compatible": true}, nil
}
