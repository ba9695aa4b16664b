package dev.perthread.examples.clients;

import com.jcraft.jsch.SocketFactory;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Sockets whose writes return when the answer has been dealt with, as if the writing thread had no processor until then. */
final class AnsweredBeforeItIsRead implements SocketFactory {
    private final Semaphore answered = new Semaphore(0);
    volatile boolean waits;

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return new Socket(host, port);
    }

    @Override
    public InputStream getInputStream(Socket socket) throws IOException {
        return new FilterInputStream(socket.getInputStream()) {
            private boolean read;

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                if (read && available() == 0) { // it has done with what it read, and comes for more
                    read = false;
                    answered.release();
                }
                int count = super.read(into, from, length);
                read = true;
                return count;
            }
        };
    }

    @Override
    public OutputStream getOutputStream(Socket socket) throws IOException {
        return new FilterOutputStream(socket.getOutputStream()) {
            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                answered.drainPermits();
                out.write(bytes, from, length);
                out.flush();
                try {
                    if (waits && !answered.tryAcquire(30, TimeUnit.SECONDS)) {
                        throw new IOException("no answer in 30 s");
                    }
                } catch (InterruptedException interrupted) {
                    throw new IOException(interrupted);
                }
            }
        };
    }
}
