package dev.perthread.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;

/** A connector whose transports fail to close, after having closed. */
record FailingClose(Connector real, AtomicBoolean failing) implements Connector {
    @Override
    public Transport connect(Deadline deadline) throws IOException {
        Transport transport = real.connect(deadline);
        return new Transport() {
            @Override
            public int read(byte[] into, int from, int length, int timeoutMillis) throws IOException {
                return transport.read(into, from, length, timeoutMillis);
            }

            @Override
            public void write(byte[] bytes, int from, int length, int timeoutMillis) throws IOException {
                transport.write(bytes, from, length, timeoutMillis);
            }

            @Override
            public void shutdownOutput(int timeoutMillis) throws IOException {
                transport.shutdownOutput(timeoutMillis);
            }

            @Override
            public <T> T unwrap(Class<T> type) {
                return transport.unwrap(type);
            }

            @Override
            public int available() throws IOException {
                return transport.available();
            }

            @Override
            public SocketAddress local() {
                return transport.local();
            }

            @Override
            public SocketAddress remote() {
                return transport.remote();
            }

            @Override
            public boolean isReusable() throws IOException {
                return transport.isReusable();
            }

            @Override
            public void close() throws IOException {
                transport.close();
                if (failing.get()) {
                    throw new IOException("close failed");
                }
            }
        };
    }

    @Override
    public void close() {
        real.close();
    }
}
