// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Native payments that no top-level transaction value shows, and ones that a careless reader of traces would believe.
contract InternalPayer {
    receive() external payable {}

    /// Forwards the value by one inner call.
    function pay(address to) public payable {
        (bool paid, ) = to.call{value: msg.value}("");
        require(paid, "payment failed");
    }

    /// Forwards the value through `depth` calls of itself before it reaches `to`.
    function payDeep(address to, uint256 depth) external payable {
        if (depth == 0) pay(to);
        else this.payDeep{value: msg.value}(to, depth - 1);
    }

    /// Pays `to`, then reverts: only ever called by the function below, which goes on as if nothing had happened.
    function payAndRevert(address to) external payable {
        pay(to);
        revert("undone");
    }

    /// The transaction succeeds, its trace shows a successful payment inside a frame that was undone, and nothing moves.
    function paySwallowed(address to) external payable {
        try this.payAndRevert{value: msg.value}(to) {} catch {}
    }

    /// The transaction itself fails after the payment: nothing moves.
    function payThenFail(address to) external payable {
        pay(to);
        revert("failed after paying");
    }

    /// Runs `data` of `target` by DELEGATECALL: the frame repeats the value of its caller and moves none.
    function delegate(address target, bytes calldata data) external payable {
        (bool done, ) = target.delegatecall(data);
        require(done, "delegate failed");
    }
}
