package job;

import dev.perthread.flink.JobResources;
import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import java.io.IOException;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;

// @start region="function"
/** A job's function that asks a server, each subtask over its own connection. */
public class Counting extends RichMapFunction<Long, String> {
    private static final long serialVersionUID = 1;

    private final PerThreadRef<CountedClient, IOException> ref;

    public Counting(PerThreadRef<CountedClient, IOException> ref) {
        this.ref = ref;
    }

    @Override
    public void open(OpenContext context) {
        JobResources.closeOnRelease(ref, getRuntimeContext());
    }

    @Override
    public String map(Long number) throws IOException {
        return ref.call(client -> {
            client.ask("number " + number);
            return CountedClient.here();
        });
    }

    @Override
    public void close() {
        ref.release();
    }
}
// @end
