// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {TokenBase} from "./TokenBase.sol";

/// Logs with the standard topic but indexes nothing: one topic and 96 bytes of data.
contract TokenUnindexed is TokenBase {
    event Transfer(address from, address to, uint256 value);

    constructor(string memory name_, string memory symbol_, uint8 decimals_) TokenBase(name_, symbol_, decimals_) {}

    function transfer(address to, uint256 value) external returns (bool) {
        _take(msg.sender, value);
        balanceOf[to] += value;
        _log(msg.sender, to, value);
        return true;
    }

    function _log(address from, address to, uint256 value) internal override {
        emit Transfer(from, to, value);
    }
}
