package dev.perthread.cli.fetch;

import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Subcommand;
import dev.perthread.cli.console.Syntax;
import java.io.IOException;
import java.net.BindException;
import java.util.concurrent.CountDownLatch;

/** The subcommand {@code serve}: the demo server alone, until Ctrl-C. */
public final class ServeCommand implements Subcommand {

    /** Used once. */
    public ServeCommand() {}

    @Override
    public Syntax syntax() {
        return new Syntax("serve", "Serve a few pages on this machine's loopback address, until Ctrl-C.")
                .details("The pages: /index.html, /1k.txt, /64k.txt, /1m.txt. Everything else is answered with 404.")
                .option("-p, --port", "PORT", "0", "The port; 0 takes a free one.");
    }

    @Override
    public int run(Arguments arguments) throws IOException, InterruptedException, CommandFailure {
        int port = arguments.get("port", OptionConverters::port);
        try (DemoServer server = DemoServer.start(port)) {
            System.out.println("Serving a few pages at " + server.url() + " until Ctrl-C");
            new CountDownLatch(1).await();
            return ExitStatus.OK;
        } catch (BindException e) {
            throw new CommandFailure("cannot listen on port " + port + " (" + ErrorMessages.of(e)
                    + "); --port must be a free port, or 0 for any");
        }
    }
}
