// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {TokenBase, TokenIndexed} from "./TokenBase.sol";

/// Keeps one per cent of every transfer, rounded down.
/// Honest (the default): two logs, the net to the recipient and the fee to this contract; the gross amount is in no log.
/// After `setLogsGross(true)`: one log with the gross amount, while the recipient's balance gains the net.
contract TokenFee is TokenIndexed {
    bool public logsGross;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) TokenBase(name_, symbol_, decimals_) {}

    function setLogsGross(bool logsGross_) external {
        logsGross = logsGross_;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        uint256 fee = value / 100;
        _take(msg.sender, value);
        balanceOf[to] += value - fee;
        balanceOf[address(this)] += fee;
        if (logsGross) {
            _log(msg.sender, to, value);
        } else {
            _log(msg.sender, to, value - fee);
            _log(msg.sender, address(this), fee);
        }
        return true;
    }
}
