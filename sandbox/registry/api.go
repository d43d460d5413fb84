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
	return in.Schema, nil
}

func (b *book) subjects(*http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	names := slices.Sorted(maps.Keys(b.state.Subjects))
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
	ids, err := b.known(r)
	out := make([]int, len(ids))
	for i := range ids {
		out[i] = i + 1
	}
	return out, err
}

// known gives the schema ids of the named subject. The caller holds the lock.
func (b *book) known(r *http.Request) ([]int, error) {
	ids, ok := b.state.Subjects[r.PathValue("subject")]
	if !ok {
		return nil, refuse(404, 40401, "Subject %q not found.", r.PathValue("subject"))
	}
	return ids, nil
}

func (b *book) version(r *http.Request) (any, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids, err := b.known(r)
	if err != nil {
		return nil, err
	}
	n, err := number(r.PathValue("version"), len(ids))
	if err != nil {
		return nil, err
	}
	return b.state.describe(r.PathValue("subject"), n, ids[n-1]), nil
}

// number reads a version: latest, -1 or 1…last.
func number(text string, last int) (int, error) {
	if text == "latest" || text == "-1" {
		return last, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return 0, refuse(422, 42202, "The specified version %q is not a valid version id.", text)
	case n > last:
		return 0, refuse(404, 40402, "Version %d not found.", n)
	}
	return n, nil
}

func (s *state) describe(subject string, version, id int) map[string]any {
	return map[string]any{"subject": subject, "version": version, "id": id, "schema": s.Schemas[id-1]}
}

func (b *book) lookup(r *http.Request) (any, error) {
	text, err := readSchema(r)
	if err != nil {
		return nil, err
	}
	if _, err := avro.Parse(text); err != nil {
		return nil, refuse(422, 42201, "Invalid schema: %v", err)
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids, err := b.known(r)
	if err != nil {
		return nil, err
	}
	same := b.state.same(text)
	for i, id := range ids {
		if id == same {
			return b.state.describe(r.PathValue("subject"), i+1, id), nil
		}
	}
	return nil, refuse(404, 40403, "Schema not found")
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
		if i := slices.Index(b.state.Subjects[subject], id); i >= 0 {
			out = append(out, map[string]any{"subject": subject, "version": i + 1})
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

func (b *book) check(r *http.Request) (any, error) {
	text, err := readSchema(r)
	if err != nil {
		return nil, err
	}
	if _, err := avro.Parse(text); err != nil {
		return nil, refuse(422, 42201, "Invalid schema: %v", err)
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids, err := b.known(r)
	if err != nil {
		return nil, err
	}
	n, err := number(r.PathValue("version"), len(ids))
	if err != nil {
		return nil, err
	}
	earlier := []string{b.state.Schemas[ids[n-1]-1]}
	if err := b.misfit(b.state.level(r.PathValue("subject")), text, earlier); err != nil {
		return map[string]any{"is_compatible": false, "messages": []string{err.Error()}}, nil
	}
	return map[string]any{"is_compatible": true}, nil
}
