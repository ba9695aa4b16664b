package dev.perthread.benchmarks;

import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.PreparedStatement;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Struct;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;

/**
 * A JDBC connection that does no I/O, so that what is measured is the pool around it. It answers what a pool asks
 * between two users, and refuses the rest.
 */
final class StubConnection implements Connection {

    @Override
    public Statement createStatement() {
        throw new UnsupportedOperationException();
    }

    @Override
    public PreparedStatement prepareStatement(String a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public CallableStatement prepareCall(String a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public String nativeSQL(String a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setAutoCommit(boolean a0) {}

    @Override
    public boolean getAutoCommit() {
        return true;
    }

    @Override
    public void commit() {}

    @Override
    public void rollback() {}

    @Override
    public void close() {}

    @Override
    public boolean isClosed() {
        return false;
    }

    @Override
    public DatabaseMetaData getMetaData() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setReadOnly(boolean a0) {}

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public void setCatalog(String a0) {}

    @Override
    public String getCatalog() {
        return "";
    }

    @Override
    public void setTransactionIsolation(int a0) {}

    @Override
    public int getTransactionIsolation() {
        return TRANSACTION_READ_COMMITTED;
    }

    @Override
    public SQLWarning getWarnings() {
        return null;
    }

    @Override
    public void clearWarnings() {}

    @Override
    public Statement createStatement(int a0, int a1) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PreparedStatement prepareStatement(String a0, int a1, int a2) {
        throw new UnsupportedOperationException();
    }

    @Override
    public CallableStatement prepareCall(String a0, int a1, int a2) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Map<String, Class<?>> getTypeMap() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setTypeMap(Map<String, Class<?>> a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setHoldability(int a0) {}

    @Override
    public int getHoldability() {
        return 0;
    }

    @Override
    public Savepoint setSavepoint() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Savepoint setSavepoint(String a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void rollback(Savepoint a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void releaseSavepoint(Savepoint a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Statement createStatement(int a0, int a1, int a2) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PreparedStatement prepareStatement(String a0, int a1, int a2, int a3) {
        throw new UnsupportedOperationException();
    }

    @Override
    public CallableStatement prepareCall(String a0, int a1, int a2, int a3) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PreparedStatement prepareStatement(String a0, int a1) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PreparedStatement prepareStatement(String a0, int[] a1) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PreparedStatement prepareStatement(String a0, String[] a1) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Clob createClob() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Blob createBlob() {
        throw new UnsupportedOperationException();
    }

    @Override
    public NClob createNClob() {
        throw new UnsupportedOperationException();
    }

    @Override
    public SQLXML createSQLXML() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isValid(int a0) {
        return true;
    }

    @Override
    public void setClientInfo(String a0, String a1) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setClientInfo(Properties a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public String getClientInfo(String a0) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Properties getClientInfo() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Array createArrayOf(String a0, Object[] a1) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Struct createStruct(String a0, Object[] a1) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setSchema(String a0) {}

    @Override
    public String getSchema() {
        return "";
    }

    @Override
    public void abort(Executor a0) {}

    @Override
    public void setNetworkTimeout(Executor a0, int a1) {}

    @Override
    public int getNetworkTimeout() {
        return 0;
    }

    @Override
    public <T> T unwrap(Class<T> type) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
