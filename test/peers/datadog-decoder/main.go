// Reads Datadog intake bodies with the agent's own types. Each line of input is `kind base64`, kind being traces, stats, series or sketches; each
// line of output is the payload as JSON, or {"error": ...}.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/DataDog/agent-payload/v5/gogen"
	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/tinylib/msgp/msgp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func decode(kind string, body []byte) ([]byte, error) {
	switch kind {
	case "traces":
		var payload pb.AgentPayload
		if err := proto.Unmarshal(body, &payload); err != nil {
			return nil, err
		}
		return protojson.Marshal(&payload)
	case "stats":
		var payload pb.StatsPayload
		if err := msgp.Decode(bytes.NewReader(body), &payload); err != nil {
			return nil, err
		}
		return protojson.Marshal(&payload)
	case "series":
		var payload gogen.MetricPayload
		if err := payload.Unmarshal(body); err != nil {
			return nil, err
		}
		return json.Marshal(payload)
	case "sketches":
		var payload gogen.SketchPayload
		if err := payload.Unmarshal(body); err != nil {
			return nil, err
		}
		return json.Marshal(payload)
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadString('\n')
		kind, encoded, found := strings.Cut(strings.TrimSpace(line), " ")
		if found {
			body, decodeErr := base64.StdEncoding.DecodeString(encoded)
			var result []byte
			if decodeErr == nil {
				result, decodeErr = decode(kind, body)
			}
			if decodeErr != nil {
				result, _ = json.Marshal(map[string]string{"error": decodeErr.Error()})
			}
			fmt.Println(string(result))
		}
		if err != nil {
			return
		}
	}
}
