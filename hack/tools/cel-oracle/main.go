// cel-oracle answers what cel-go makes of an expression: one JSON request a line on stdin, one JSON answer a line on stdout.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/ext"
)

type request struct {
	Expression string            `json:"expression"`
	Variables  map[string]string `json:"variables"`
	Check      bool              `json:"check"`
	Values     map[string]any    `json:"values"`
}

// Phase names the step that refused the expression, or is "done".
type answer struct {
	Phase   string `json:"phase"`
	Message string `json:"message,omitempty"`
	Type    string `json:"type,omitempty"`
	Value   any    `json:"value,omitempty"`
}

var variableTypes = map[string]*cel.Type{
	"dyn": cel.DynType, "bool": cel.BoolType, "int": cel.IntType, "uint": cel.UintType, "double": cel.DoubleType,
	"string": cel.StringType, "list": cel.ListType(cel.DynType), "map": cel.ObjectType("google.protobuf.Struct"),
}

func environment(variables map[string]string) (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		ext.Strings(),
		ext.Sets(),
		ext.Encoders(),
	}
	for name, text := range variables {
		declared, ok := variableTypes[text]
		if !ok {
			return nil, fmt.Errorf("unknown variable type %q", text)
		}
		options = append(options, cel.Variable(name, declared))
	}
	return cel.NewEnv(options...)
}

func ask(r request) (a answer) {
	defer func() {
		if problem := recover(); problem != nil {
			a = answer{Phase: "panic", Message: fmt.Sprint(problem)}
		}
	}()
	env, err := environment(r.Variables)
	if err != nil {
		return answer{Phase: "environment", Message: err.Error()}
	}
	ast, issues := env.Parse(r.Expression)
	if issues.Err() != nil {
		return answer{Phase: "parse", Message: issues.String()}
	}
	kind := ""
	if r.Check {
		if ast, issues = env.Compile(r.Expression); issues.Err() != nil {
			return answer{Phase: "check", Message: issues.String()}
		}
		kind = ast.OutputType().String()
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.InterruptCheckFrequency(100))
	if err != nil {
		return answer{Phase: "program", Message: err.Error(), Type: kind}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	values := map[string]any{}
	for name, value := range r.Values {
		values[name] = decoded(value)
	}
	result, _, err := program.ContextEval(ctx, values)
	if err != nil {
		return answer{Phase: "evaluate", Message: err.Error(), Type: kind}
	}
	return answer{Phase: "done", Type: kind, Value: canonical(result)}
}

// decoded gives integers of JSON as int64, the way Kubernetes reads objects.
func decoded(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = decoded(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = decoded(v[k])
		}
	}
	return value
}

func canonical(value ref.Val) any {
	switch v := value.(type) {
	case types.Bool:
		return bool(v)
	case types.Int:
		return map[string]any{"int": strconv.FormatInt(int64(v), 10)}
	case types.Uint:
		return map[string]any{"uint": strconv.FormatUint(uint64(v), 10)}
	case types.Double:
		return map[string]any{"double": strconv.FormatFloat(float64(v), 'g', -1, 64)}
	case types.String:
		return map[string]any{"string": string(v)}
	case types.Bytes:
		return map[string]any{"bytes": []byte(v)}
	case types.Null:
		return map[string]any{"null": true}
	case types.Timestamp:
		return map[string]any{"timestamp": v.Time.UTC().Format(time.RFC3339Nano)}
	case types.Duration:
		return map[string]any{"duration": strconv.FormatInt(int64(v.Duration), 10)}
	case *types.Optional:
		if !v.HasValue() {
			return map[string]any{"optional": []any{}}
		}
		return map[string]any{"optional": []any{canonical(v.GetValue())}}
	case traits.Mapper:
		return map[string]any{"map": entries(v)}
	case traits.Lister:
		items := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			items = append(items, canonical(it.Next()))
		}
		return map[string]any{"list": items}
	case *types.Type:
		return map[string]any{"type": v.TypeName()}
	}
	return map[string]any{"other": fmt.Sprintf("%T", value)}
}

func entries(m traits.Mapper) []any {
	found := [][2]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		found = append(found, [2]any{canonical(key), canonical(m.Get(key))})
	}
	text := func(i int) string { b, _ := json.Marshal(found[i][0]); return string(b) }
	sort.Slice(found, func(i, j int) bool { return text(i) < text(j) })
	sorted := make([]any, len(found))
	for i := range found {
		sorted[i] = found[i]
	}
	return sorted
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var r request
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.UseNumber()
		if err := decoder.Decode(&r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(ask(r)); err != nil {
			os.Exit(1)
		}
	}
}
